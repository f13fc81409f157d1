//! Any record, in a message of any size, read back by a strict reader of RFC 5424.
#![no_main]

mod said;

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use logship::fuzzing::{Said, encoded};
use logship_collector::{Element, parse};

fuzz_target!(|input: said::Input<'_>| {
    let all = input.said();
    let messages = encoded(input.builder(), &all).unwrap();
    assert_eq!(messages.len(), all.len());
    for (number, (bytes, said)) in messages.iter().zip(&all).enumerate() {
        assert!(bytes.len() <= input.max_message_size(), "{} bytes", bytes.len());
        let (message, complaints) = parse(bytes);
        assert!(complaints.is_empty(), "{complaints:?} {}", bytes.escape_ascii());
        let message = message.unwrap();
        assert_eq!((message.facility, message.severity), (1, 3));
        let sequence = message.param("meta", "sequenceId").map(|id| id.parse().unwrap());
        assert_eq!(sequence, input.sequence_id.then_some(number + 1));
        if input.source_location {
            assert_eq!(message.param("source@32473", "file"), Some("src/a]\"b.rs"));
        }
        let element = |id: &str| message.element(id).map_or(&[][..], |e: &Element| &e.params[..]);
        let fields = element("fields@32473");
        let is_full = bytes.len() > input.max_message_size() / 4;
        check(said.fields, fields, is_full);
        if let (Some((name, fields)), [(names, found), rest @ ..]) =
            (said.span, element("span@32473"))
        {
            assert!(names == "spans" && said::is_said(found, name, said::escaped), "{found:?}");
            check(fields, rest, is_full);
        } else {
            assert!(said.span.is_none() || is_full);
        }
        check_text(said, message.text.as_deref());
    }
});

fn check(said: &[(&str, &str)], found: &[(String, String)], is_full: bool) {
    let distinct: HashSet<_> = found.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    // A field may be called so too.
    let is_called_so = said.last().is_some_and(|(name, _)| name.eq_ignore_ascii_case("omitted"));
    let (omitted, found) = match found {
        [rest @ .., (name, count)] if name == "omitted" && !is_called_so => {
            match count.parse::<usize>() {
                Ok(count) if count > 0 && rest.len() + count == said.len() => (count, rest),
                _ => (0, found),
            }
        }
        _ => (0, found),
    };
    if is_full && found.is_empty() {
        return;
    }
    assert_eq!(found.len() + omitted, said.len());
    assert!(omitted > 0 || distinct.len() == found.len(), "{found:?}");
    assert!(omitted == 0 || is_full, "{omitted} omitted of a small message");
    let mut rest = said.iter();
    for (_, value) in found {
        let is_it = |(_, said): &(&str, &str)| said::is_said(value, said, said::escaped);
        assert!(rest.any(is_it), "{value:?} was not said");
    }
}

fn check_text(said: &Said<'_>, text: Option<&str>) {
    let all = said.text.concat();
    match text {
        None => assert_eq!(all, ""),
        // Without a text the fields are the text.
        Some(text) if all.is_empty() => {
            assert!(!said.fields.is_empty() && text.contains('='), "{text:?}");
        }
        Some(text) => {
            assert!(said::is_said(text, &all, said::as_text), "{text:?} is not what was said");
        }
    }
}
