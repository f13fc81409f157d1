//! Fields of every record, as rsyslog reads them.

use logship::Format;
use serde_json::json;

use crate::shipping::{PATIENCE, build, logging, shop, url};
use crate::support::{Input, Record, Rsyslogd};

fn shipped(format: Format) -> Record {
    let mut server = Rsyslogd::running();
    let builder = shop(&url(&server, Input::Tcp)).format(format);
    let handle = build(builder.field("env", "prod").field("version", "1.2.3"));
    logging(&handle, || tracing::info!(env = "own", "sold"));
    assert!(handle.flush(PATIENCE), "not flushed: {:?}", handle.stats());
    server.exactly(1, PATIENCE).remove(0)
}

#[test]
fn they_are_an_element_an_object_or_part_of_the_text() {
    let record = shipped(Format::Rfc5424);
    assert_eq!(record.parameter("labels@32473", "env"), Some("prod"));
    assert_eq!(record.parameter("labels@32473", "version"), Some("1.2.3"));
    assert_eq!((record.field("env"), record.msg.as_str()), ("own", "sold"));
    for format in [Format::Cee, Format::Ecs] {
        let record = shipped(format);
        assert_eq!(record.cee["labels"], json!({"env": "prod", "version": "1.2.3"}));
        assert_eq!(record.cee["fields"], json!({"env": "own"}));
    }
    let record = shipped(Format::Rfc3164);
    assert!(record.msg.contains("env=\"prod\" version=\"1.2.3\" env=\"own\""), "{record:#?}");
}
