//! Tests with arbitrary input.

use std::fmt::Write;

use proptest::{collection::vec, option, prelude::*, string::string_regex};

use crate::{Element, Message, frame::Splitter, parse};

fn header_field(longest: usize) -> impl Strategy<Value = Option<String>> {
    // One '-' alone would read back as the NILVALUE.
    let value = format!("[!-~]{{1,{longest}}}");
    option::of(string_regex(&value).unwrap()).prop_map(|value| value.filter(|value| value != "-"))
}

fn timestamp() -> impl Strategy<Value = Option<String>> {
    let date = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])";
    let time = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]";
    let zone = "(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])";
    option::of(string_regex(&format!("{date}T{time}(\\.[0-9]{{1,6}})?{zone}")).unwrap())
}

fn elements() -> impl Strategy<Value = Vec<Element>> {
    let params = vec(("[!#-<>-\\\\^-~]{1,32}", "[^\\x00-\\x1f]{0,20}"), 0..4);
    let element = ("[!#-<>-?A-\\\\^-~]{1,20}", 0..99_999_u32, params);
    vec(element, 0..4).prop_map(|elements| {
        let named = elements.into_iter().enumerate().map(|(n, (name, number, params))| {
            // The position keeps the SD-IDs apart.
            Element { id: format!("{n}{name}@{number}"), params }
        });
        named.collect()
    })
}

prop_compose! {
    fn message()(
        (facility, severity) in (0..24_u8, 0..8_u8),
        timestamp in timestamp(),
        hostname in header_field(255),
        app_name in header_field(48),
        (procid, msgid) in (header_field(128), header_field(32)),
        structured_data in elements(),
        text in option::of("[^\\x00-\\x1f\u{feff}][^\\x00-\\x1f]{0,99}"),
        bom in any::<bool>(),
    ) -> Message {
        let bom = bom && text.is_some();
        let version = 1;
        Message {
            facility, severity, version, timestamp, hostname, app_name, procid, msgid,
            structured_data, text, bom,
        }
    }
}

fn write(message: &Message) -> String {
    let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
    let mut out = format!(
        "<{}>{} {} {} {} {} {} ",
        message.prival(),
        message.version,
        part(&message.timestamp),
        part(&message.hostname),
        part(&message.app_name),
        part(&message.procid),
        part(&message.msgid),
    );
    for element in &message.structured_data {
        write!(out, "[{}", element.id).unwrap();
        for (name, value) in &element.params {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace(']', "\\]");
            write!(out, " {name}=\"{value}\"").unwrap();
        }
        out.push(']');
    }
    if message.structured_data.is_empty() {
        out.push('-');
    }
    if let Some(text) = &message.text {
        out.push(' ');
        out.push_str(if message.bom { "\u{feff}" } else { "" });
        out.push_str(text);
    }
    out
}

proptest! {
    #[test]
    fn a_right_message_reads_back_as_it_was(message in message()) {
        let (read, complaints) = parse(write(&message).as_bytes());
        prop_assert_eq!(complaints, []);
        prop_assert_eq!(read, Some(message));
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in vec(any::<u8>(), 0..300)) {
        let (message, complaints) = parse(&bytes);
        prop_assert!(message.is_some() || !complaints.is_empty());
    }

    // Random bytes seldom come past PRI: these do.
    #[test]
    fn no_damage_makes_the_parser_panic(
        message in message(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        end in any::<prop::sample::Index>(),
    ) {
        let mut bytes = write(&message).into_bytes();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(end.index(bytes.len() + 1));
        let (message, complaints) = parse(&bytes);
        prop_assert!(message.is_some() || !complaints.is_empty());
    }

    #[test]
    fn splitter_loses_no_byte_and_always_advances(
        chunks in vec("[0-9 <>a\n]{0,40}", 0..9),
    ) {
        let mut splitter = Splitter::new(false);
        for chunk in chunks {
            splitter.space()[..chunk.len()].copy_from_slice(chunk.as_bytes());
            splitter.filled(chunk.len());
            while splitter.next_frame().is_some() {}
            prop_assert!(!splitter.space().is_empty());
        }
        while splitter.remainder().is_some() {}
    }
}
