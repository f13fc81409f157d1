//! Severity, facility, MSGID and APP-NAME of one record, as rsyslog reads them.

use logship::{Facility, Format};

use crate::shipping::{PATIENCE, build, logging, shop, stored, url};
use crate::support::{Input, Rsyslogd};

/// `authpriv` and `notice`, by their numbers.
const AUTHPRIV_NOTICE: (u64, u64) = (10, 5);

#[test]
fn an_audit_record_arrives_as_authpriv_notice() {
    let mut server = Rsyslogd::running();
    let builder = shop(&url(&server, Input::Tcp)).facility_for("audit", Facility::AuthPriv);
    let handle = build(builder);
    logging(&handle, || {
        tracing::info!(target: "audit", { syslog.severity = "notice", user = "ann" }, "logged in");
        tracing::info!(target: "shop::cart", "sold");
    });
    let logger = handle.logger();
    log::set_max_level(log::LevelFilter::Info);
    log::info!(
        logger: logger, target: "audit",
        "syslog.severity" = "Notice", "syslog.msgid" = "LOGOUT", "syslog.appname" = "bank",
        user = "bob"; "logged out"
    );
    assert!(handle.flush(PATIENCE), "not flushed: {:?}", handle.stats());
    let records = server.exactly(3, PATIENCE);
    assert_eq!((records[0].facility, records[0].severity), AUTHPRIV_NOTICE);
    assert_eq!((records[0].msgid.as_str(), records[0].field("user")), ("audit", "ann"));
    assert_eq!(records[0].sd_text, "[fields@32473 user=\"ann\"]");
    assert_eq!((records[1].facility, records[1].severity), (1, 6));
    let last = &records[2];
    assert_eq!((last.facility, last.severity), AUTHPRIV_NOTICE);
    assert_eq!((last.app_name.as_str(), last.msgid.as_str()), ("bank", "LOGOUT"));
    assert_eq!(last.parameter("source@32473", "target"), Some("audit"));
    assert_eq!((last.field("user"), last.msg.as_str()), ("bob", "logged out"));
    server.assert_content();
}

#[test]
fn every_format_carries_the_severity_that_was_set() {
    for format in [Format::Cee, Format::Ecs, Format::Rfc3164] {
        let records = stored(format, Input::Tcp, 2, || {
            tracing::info!(syslog.severity = "emerg", syslog.facility = 16, n = 1, "it burns");
            tracing::info!("an ordinary one");
        });
        assert_eq!((records[0].facility, records[0].severity), (16, 0), "{:#?}", records[0]);
        assert_eq!((records[1].facility, records[1].severity), (1, 6), "{:#?}", records[1]);
    }
}
