//! Fields of every record.

use super::*;

fn labelled(format: Format) -> Settings {
    let labels =
        [("env", "prod"), ("a.b", "x\"]\n"), ("a_b", "2"), ("token", "t0p"), ("target", "t")];
    let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Settings { labels: labels.into(), redact: "default".parse().unwrap(), ..settings(format) }
}

#[test]
fn each_format_has_a_place_for_them() {
    for (format, expected) in [
        (
            Format::Rfc5424,
            "cart [labels@32473 env=\"prod\" a.b=\"x\\\"\\]#012\" a_b=\"2\" token=\"***\" target=\"t\"][fields@32473 env=\"own\"] sold",
        ),
        (
            Format::Cee,
            "\"target\":\"cart\",\"labels\":{\"env\":\"prod\",\"a_b\":\"x\\\"]\\n\",\"a_b_2\":\"2\",\"token\":\"***\",\"target\":\"t\"},\"fields\":{ \"env\":\"own\"},\"msg\":\"sold\"}",
        ),
        (
            Format::Ecs,
            "\"logger\":\"cart\"},\"labels\":{\"env\":\"prod\",\"a_b\":\"x\\\"]\\n\",\"a_b_2\":\"2\",\"token\":\"***\",\"target\":\"t\"},\"fields\":{ \"env\":\"own\"},\"message\":\"sold\"}",
        ),
        (
            Format::Rfc3164Local,
            "sold target=\"cart\" env=\"prod\" a.b=\"x\\\"\\]#012\" a_b=\"2\" token=\"***\" target_2=\"t\" env=\"own\"",
        ),
    ] {
        let message = one(labelled(format), |writer| {
            writer.named_field("env", Value::Str("own"));
            writer.text(format_args!("sold"));
        });
        assert!(message.ends_with(expected), "{message}");
    }
}

#[test]
fn they_are_in_the_text_if_everything_is() {
    for (text_fields, expected) in [
        (TextFields::None, " sold"),
        (TextFields::Fields, " sold n=1"),
        (TextFields::All, " sold n=1 env=prod a.b=\"x\\\"]#012\" a_b=2 token=*** target=t"),
    ] {
        let settings = Settings { text_fields, ..labelled(Format::Rfc5424) };
        let message = one(settings, |writer| {
            writer.named_field("n", Value::U64(1));
            writer.text(format_args!("sold"));
        });
        let (_, text) = message.rsplit_once("[fields@32473 n=\"1\"]").unwrap();
        assert_eq!(text, expected);
    }
}

#[test]
fn too_long_ones_are_refused_at_the_start() {
    for format in FORMATS {
        let labels = vec![("env".to_owned(), "x".repeat(700))];
        let settings = Settings { labels, max_message_size: 800, ..settings(format) };
        let error = Encoder::new(settings).unwrap_err().to_string();
        assert!(error.contains("fields of every record"), "{error}");
    }
}
