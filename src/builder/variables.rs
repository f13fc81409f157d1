//! The names of all variables, and the warning about unknown ones.

use crate::error::nearest;

/// The warning about a variable that begins with `SYSLOG_` and is unknown.
pub(super) fn unknown(name: &str) -> Option<String> {
    let is_known = VARIABLES.contains(&name);
    // Kubernetes sets variables with the address of a service called `syslog`.
    let is_service = ["SYSLOG_SERVICE_", "SYSLOG_PORT"].iter().any(|begin| name.starts_with(begin));
    if !name.starts_with("SYSLOG_") || is_known || is_service {
        return None;
    }
    Some(match nearest(name, &VARIABLES) {
        Some(known) => format!("unknown variable {name}: did you mean {known}?"),
        None => format!("unknown variable {name}: it has no effect"),
    })
}

pub(super) const VARIABLES: [&str; 41] = [
    "SYSLOG_SERVERS",
    "SYSLOG_URL",
    "SYSLOG_FACILITY",
    "SYSLOG_CONSOLE",
    "SYSLOG_FIELDS",
    "SYSLOG_FILTER_FILE",
    "SYSLOG_FORMAT",
    "SYSLOG_LEVEL_MAP",
    "SYSLOG_HOSTNAME",
    "SYSLOG_PROCID",
    "SYSLOG_ENTERPRISE_NUMBER",
    "SYSLOG_QUEUE_CAPACITY",
    "SYSLOG_QUEUE_FILE",
    "SYSLOG_QUEUE_SYNC_INTERVAL",
    "SYSLOG_OVERFLOW",
    "SYSLOG_MAX_MESSAGE_SIZE",
    "SYSLOG_CONTROL_CHARACTERS",
    "SYSLOG_REDACT",
    "SYSLOG_TEXT_FIELDS",
    "SYSLOG_SOURCE_LOCATION",
    "SYSLOG_THREAD_NAME",
    "SYSLOG_ORIGIN",
    "SYSLOG_SEQUENCE_ID",
    "SYSLOG_TIME_QUALITY",
    "SYSLOG_BOM",
    "SYSLOG_BURST",
    "SYSLOG_PANIC_HOOK",
    "SYSLOG_PANIC_BACKTRACE",
    "SYSLOG_RESEND_BUFFER",
    "SYSLOG_TLS_CA_FILE",
    "SYSLOG_TLS_CERT_FILE",
    "SYSLOG_TLS_KEY_FILE",
    "SYSLOG_TLS_FINGERPRINT",
    "SYSLOG_TLS_SERVER_NAME",
    "SYSLOG_TLS_MIN_VERSION",
    "SYSLOG_TLS_BACKEND",
    "SYSLOG_CONNECT_TIMEOUT",
    "SYSLOG_WRITE_TIMEOUT",
    "SYSLOG_USER_TIMEOUT",
    "SYSLOG_FLUSH_TIMEOUT",
    "SYSLOG_STATS_INTERVAL",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_settings_names_the_same_variables() {
        let table = include_str!("mod.rs");
        let names =
            table.split('`').filter(|word| word.starts_with("SYSLOG_") && *word != "SYSLOG_");
        let mut named: Vec<&str> = names.collect();
        let mut known = VARIABLES.to_vec();
        named.sort_unstable();
        named.dedup();
        known.sort_unstable();
        assert_eq!(named, known);
    }

    #[test]
    fn misspelt_variable_is_named_with_the_nearest() {
        let told = unknown("SYSLOG_FACILTY").unwrap();
        assert_eq!(told, "unknown variable SYSLOG_FACILTY: did you mean SYSLOG_FACILITY?");
        assert!(unknown("SYSLOG_SERVER").unwrap().contains("SYSLOG_SERVERS"));
        assert!(unknown("SYSLOG_COLOUR_OF_THE_SKY").unwrap().contains("no effect"));
        for name in ["SYSLOG_FORMAT", "SYSLOG_PORT_514_UDP", "SYSLOG_SERVICE_HOST", "PATH"] {
            assert_eq!(unknown(name), None, "{name}");
        }
    }
}
