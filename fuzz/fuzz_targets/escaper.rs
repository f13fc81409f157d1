//! Any text in any place with any limit, compared with a simple reading of the rules.
#![no_main]

mod said;

use libfuzzer_sys::fuzz_target;
use logship::{
    ControlCharacters,
    fuzzing::{EscapeMode, escaped},
};

fuzz_target!(|input: (u8, u16, &str)| {
    let (place, limit, text) = input;
    let place =
        [EscapeMode::ParamValue, EscapeMode::Text, EscapeMode::Json][usize::from(place % 3)];
    let (out, cut) = escaped(text, place, ControlCharacters::Escape, usize::from(limit));
    assert!(out.len() <= usize::from(limit));
    let (kept, lost) = text.split_at(text.len() - cut);
    let one_more = lost.chars().next().map(|next| format!("{kept}{next}"));
    let escape = |text: &str| match place {
        EscapeMode::Text => said::escaped(text),
        EscapeMode::ParamValue => said::quoted(&said::escaped(text)),
        EscapeMode::Json => said::json(text),
    };
    assert_eq!(String::from_utf8(out).unwrap(), escape(kept));
    assert!(one_more.is_none_or(|text| escape(&text).len() > usize::from(limit)), "cut early");
    // Kept or not, it must be text.
    let (out, cut) = escaped(text, place, ControlCharacters::Keep, usize::from(limit));
    assert!(out.len() <= usize::from(limit) && cut <= text.len());
    let out = String::from_utf8(out).unwrap();
    assert!(!out.contains('\0'));
});
