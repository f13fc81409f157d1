//! Tests of escaping and cutting.

use super::*;

fn escaped(text: &str, place: EscapeMode, limit: usize) -> (String, usize) {
    let mut out = MessageBuf::default();
    let mut writer = Escaped::new(&mut out, limit, place, ControlCharacters::Escape);
    writer.push(text);
    let cut = writer.cut;
    (String::from_utf8(out.to_vec()).unwrap(), cut)
}

#[test]
fn a_clean_text_is_copied() {
    assert_eq!(escaped("order accepted; é ok", EscapeMode::Text, 99).0, "order accepted; é ok");
}

#[test]
fn delimiters_are_escaped() {
    let text = r#"a "quote", a \ and a ]"#;
    assert_eq!(escaped(text, EscapeMode::Text, 99).0, text);
    assert_eq!(escaped(text, EscapeMode::ParamValue, 99).0, r#"a \"quote\", a \\ and a \]"#);
}

#[test]
fn controls_are_written_as_rsyslog_writes_them() {
    assert_eq!(escaped("a\nb\tc\0\x7f", EscapeMode::Text, 99).0, "a#012b#011c#000#177");
    assert_eq!(escaped("\u{85}\u{202e}", EscapeMode::ParamValue, 99).0, "#302#205#342#200#256");
    assert_eq!(escaped("—“ï»", EscapeMode::Text, 99).0, "—“ï»");
}

#[test]
fn every_byte_of_a_word_is_checked() {
    for length in 0..40 {
        let plain = " !#[^z~A".chars().cycle().take(length).collect::<String>();
        assert_eq!(suspects_in(plain.as_bytes(), EscapeMode::ParamValue), 0, "{plain:?}");
        for at in 0..=length {
            for bad in ['\0', '\n', '\x1f', '\x7f', '"', ']', '\\', '\u{85}', '\u{feff}'] {
                let mut text = plain.clone();
                text.insert(at, bad);
                assert!(!is_plain(&text, EscapeMode::ParamValue), "{text:?}");
                let is_quote = matches!(bad, '"' | ']' | '\\');
                assert_eq!(is_plain(&text, EscapeMode::Text), is_quote, "{text:?}");
            }
        }
    }
}

#[test]
fn suspect_bytes_are_found_at_any_offset() {
    for byte in 0..=255_u8 {
        let is_control = !(b' '..0x7f).contains(&byte);
        for at in 0..8 {
            let mut word = [b'x'; 8];
            word[at] = byte;
            let found = |place| suspects(u64::from_le_bytes(word), place) != 0;
            assert_eq!(found(EscapeMode::Text), is_control, "{byte} at {at}");
            let is_quoted = is_control || b"\"\\]".contains(&byte);
            assert_eq!(found(EscapeMode::ParamValue), is_quoted, "{byte} at {at}");
        }
    }
    // Two suspects don't make up for each other, and a false alarm is only one.
    assert!((1..70).all(|length| !is_plain(&"\n".repeat(length), EscapeMode::Text)));
    assert!(fits_as_it_is("größe und", 1, 12, EscapeMode::Text));
    assert!(!fits_as_it_is("größe und", 1, 11, EscapeMode::Text));
}

#[test]
fn kept_controls_are_paid_for() {
    let mut out = MessageBuf::default();
    let mut writer = Escaped::new(&mut out, 9, EscapeMode::Text, ControlCharacters::Keep);
    writer.push("a\n\u{85}\0");
    assert_eq!((writer.growth, writer.limit, writer.cut), (3, 6, 1));
    assert_eq!(*out, *"a\n\u{85}".as_bytes());
}

#[test]
fn behind_a_cut_comes_its_mark_and_nothing_else() {
    let mut out = MessageBuf::default();
    let mut writer =
        Escaped::new(&mut out, 2, EscapeMode::ParamValue, ControlCharacters::default());
    writer.push("a");
    writer.mark_cut(0);
    writer.push("éé");
    writer.push("z");
    writer.mark_cut(7);
    assert_eq!(writer.cut, 12);
    assert_eq!(*out, *br"a...[cut 12 bytes\]");
}

#[test]
fn json_escapes_parse_back() {
    let short = escaped("\n\r\t\u{1}\u{85}\u{2028}\0", EscapeMode::Json, 99).0;
    assert_eq!(short, r"\n\r\t\u0001\u0085\u2028#000");
    let text = "a\n\t\"\\]\u{1}\u{85}\u{2028}ü";
    let json = format!("\"{}\"", escaped(text, EscapeMode::Json, 99).0);
    assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
}

#[test]
fn a_cut_never_splits_a_character_or_an_escape() {
    assert_eq!(escaped("abcdef", EscapeMode::Text, 2), ("ab".to_owned(), 4));
    let whole = ["", "a", "aé", "aé#012", "aé#012z"];
    let lost = [5, 4, 2, 1, 0];
    for limit in 0..12 {
        let kept = whole.iter().rposition(|whole| whole.len() <= limit).unwrap();
        assert_eq!(escaped("aé\nz", EscapeMode::Text, limit), (whole[kept].to_owned(), lost[kept]));
    }
}
