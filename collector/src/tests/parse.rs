//! Tests of the parser.

use crate::{Element, Message, parse};

const SD: &str = r#"[exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"]"#;

fn right(bytes: &[u8]) -> Message {
    let (message, complaints) = parse(bytes);
    assert_eq!(complaints, [], "{}", bytes.escape_ascii());
    message.unwrap()
}

/// The only complaint there is about `bytes`.
fn complaint(bytes: impl AsRef<[u8]>) -> String {
    let all = complaints(bytes.as_ref());
    assert_eq!(all.len(), 1, "{all:#?}");
    all.into_iter().next().unwrap()
}

fn complaints(bytes: &[u8]) -> Vec<String> {
    parse(bytes).1.iter().map(ToString::to_string).collect()
}

/// A message that is right but for its STRUCTURED-DATA, and without MSG.
fn with_sd(sd: &str) -> String {
    format!("<14>1 - host app - - {sd}")
}

fn owned(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn rfc_5424_example_1_has_a_bom() {
    let message = right(
        b"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \
          \xef\xbb\xbf'su root' failed for lonvick on /dev/pts/8",
    );
    assert_eq!(
        message,
        Message {
            facility: 4,
            severity: 2,
            version: 1,
            timestamp: owned("2003-10-11T22:14:15.003Z"),
            hostname: owned("mymachine.example.com"),
            app_name: owned("su"),
            procid: None,
            msgid: owned("ID47"),
            structured_data: vec![],
            text: owned("'su root' failed for lonvick on /dev/pts/8"),
            bom: true,
        }
    );
    assert_eq!(message.prival(), 34);
}

#[test]
fn example_2_of_rfc_5424_has_an_offset_and_no_bom() {
    let message = right(
        b"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - \
          %% It's time to make the do-nuts.",
    );
    assert_eq!((message.facility, message.severity), (20, 5));
    assert_eq!(message.procid.as_deref(), Some("8710"));
    assert_eq!(message.text.as_deref(), Some("%% It's time to make the do-nuts."));
    assert!(!message.bom);
}

#[test]
fn example_3_of_rfc_5424_has_structured_data_and_text() {
    let message = right(
        format!(
            "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 {SD} \
             \u{feff}An application event log entry..."
        )
        .as_bytes(),
    );
    let params = [("iut", "3"), ("eventSource", "Application"), ("eventID", "1011")];
    let params = params.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    assert_eq!(message.structured_data, [Element { id: "exampleSDID@32473".to_owned(), params }]);
    assert_eq!(message.param("exampleSDID@32473", "eventID"), Some("1011"));
    assert_eq!(message.param("exampleSDID@32473", "none"), None);
    assert_eq!(message.text.as_deref(), Some("An application event log entry..."));
}

#[test]
fn example_4_of_rfc_5424_has_structured_data_only() {
    let message = right(
        format!(
            "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 \
             {SD}[examplePriority@32473 class=\"high\"]"
        )
        .as_bytes(),
    );
    assert_eq!(message.structured_data.len(), 2);
    assert_eq!(message.param("examplePriority@32473", "class"), Some("high"));
    assert_eq!(message.text, None);
}

#[test]
fn a_message_may_be_all_nilvalues() {
    let message = right(b"<0>1 - - - - - -");
    assert_eq!((message.timestamp, message.hostname, message.app_name), (None, None, None));
}

#[test]
fn text_keeps_every_space_and_bracket() {
    assert_eq!(right(b"<14>1 - - - - - -   two  ] [x ").text.as_deref(), Some("  two  ] [x "));
}

#[test]
fn values_lose_their_escapes() {
    let message = right(with_sd(r#"[a@1 k="\"q\" \\ \] é" k="again"]"#).as_bytes());
    let params = &message.structured_data[0].params;
    assert_eq!(params[0], ("k".to_owned(), r#""q" \ ] é"#.to_owned()));
    assert_eq!(params[1].1, "again");
}

#[test]
fn pri_is_checked() {
    let says = "PRI 192 is above 191 (RFC 5424 6.2.1)";
    assert_eq!(complaint("<192>1 - - - - - -"), says);
    assert_eq!(complaint("<014>1 - - - - - -"), "PRI 014 has a leading zero (RFC 5424 6.2.1)");
    for bad in ["14>1 - - - - - -", "<>1 -", "<1234>1 -", "<1x>1 -", "<", "<1", "<14", "x"] {
        assert!(complaint(bad).contains("begins with no PRI (RFC 5424 6.2.1)"), "{bad}");
        assert_eq!(parse(bad.as_bytes()).0, None);
    }
    assert_eq!(complaint(""), "\"\" begins with no PRI (RFC 5424 6.2.1)");
}

#[test]
fn rfc_3164_is_recognised_and_not_taken_apart() {
    let (message, complaints) = parse(b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed");
    assert_eq!(message, None);
    assert_eq!(
        complaints[0].to_string(),
        "not RFC 5424: no VERSION after PRI, but \"Oct 11 22:14:15 \" (RFC 5424 6.2.2)"
    );
    assert_eq!(complaints.len(), 1);
}

#[test]
fn version_is_checked() {
    assert_eq!(complaint("<14>2 - - - - - -"), "VERSION 2 is not 1 (RFC 5424 6.2.2)");
    assert_eq!(complaint("<14>01 - - - - - -"), "VERSION 01 is not 1 (RFC 5424 6.2.2)");
    assert_eq!(complaint("<14>1"), "no SP after VERSION (RFC 5424 6)");
    assert!(complaint("<14>1234 - - - - - -").contains("no VERSION"));
}

#[test]
fn header_fields_have_their_longest() {
    for (longest, name, at) in
        [(255, "HOSTNAME", 1), (48, "APP-NAME", 2), (128, "PROCID", 3), (32, "MSGID", 4)]
    {
        let message = |length: usize| {
            let mut fields = ["<14>1 -", "-", "-", "-", "-", "-"].map(str::to_owned);
            fields[at] = "x".repeat(length);
            fields.join(" ")
        };
        right(message(longest).as_bytes());
        let says = complaint(message(longest + 1));
        assert!(says.starts_with(name), "{says}");
        let end = format!("has {} bytes, more than {longest} (RFC 5424 6)", longest + 1);
        assert!(says.ends_with(&end), "{says}");
    }
}

#[test]
fn header_fields_are_printable_ascii() {
    let says = "APP-NAME \"caf\\xc3\\xa9\" is not printable US-ASCII (RFC 5424 6)";
    assert_eq!(complaint("<14>1 - - café - - -"), says);
    let says = "HOSTNAME \"a\\x7f\" is not printable US-ASCII (RFC 5424 6)";
    assert_eq!(complaint("<14>1 - a\x7f - - - -"), says);
}

#[test]
fn fields_are_one_space_apart() {
    assert!(complaint("<14>1 -  app 1 - -").starts_with("HOSTNAME is empty"));
    assert_eq!(
        complaint("<14>1 - host app"),
        "no SP after APP-NAME \"app\": PROCID is missing (RFC 5424 6)"
    );
    assert_eq!(
        complaint("<14>1 - host app 1 -"),
        "no SP after MSGID \"-\": STRUCTURED-DATA is missing (RFC 5424 6)"
    );
}

#[test]
fn structured_data_is_there() {
    assert_eq!(
        complaint(with_sd("hello")),
        "STRUCTURED-DATA \"hello\" is neither \"-\" nor \"[...\" (RFC 5424 6.3)"
    );
    assert!(complaint(with_sd("")).starts_with("STRUCTURED-DATA \"\""));
    assert_eq!(
        complaint(with_sd("-hello")),
        "no SP between STRUCTURED-DATA and \"hello\" (RFC 5424 6)"
    );
    assert!(complaint(with_sd("[a@1] ")).starts_with("a SP at the end, and no MSG after it"));
    // A SP between elements is legal, and makes MSG of the second.
    assert_eq!(right(with_sd("[a@1] [b@1]").as_bytes()).text.as_deref(), Some("[b@1]"));
}

#[test]
fn sd_ids_are_registered_or_have_a_number() {
    let says = "SD-ID \"fields\" is not registered and has no @ (RFC 5424 6.3.2)";
    assert_eq!(complaint(with_sd("[fields]")), says);
    for bad in ["a@", "@1", "a@b", "a@1.", "a@1@2"] {
        let says = format!("SD-ID \"{bad}\" is not name@enterprise-number (RFC 5424 6.3.2)");
        assert_eq!(complaint(with_sd(&format!("[{bad}]"))), says);
    }
    right(with_sd("[a@32473.1.2]").as_bytes());
    let says = "SD-ID \"a@1\" stands twice (RFC 5424 6.3.2)";
    assert_eq!(complaint(with_sd("[a@1][b@1][a@1]")), says);
}

#[test]
fn names_are_up_to_32_and_hold_no_delimiter() {
    let long = "x".repeat(33);
    let says = complaint(with_sd(&format!("[a@1 {long}=\"\"]")));
    assert!(says.ends_with("has 33 bytes, more than 32 (RFC 5424 6)"), "{says}");
    let says = complaint(with_sd(&format!("[{}@1]", "x".repeat(31))));
    assert!(says.starts_with("SD-ID") && says.contains("33 bytes"), "{says}");
    for bad in ["a=b@1", "a\"b@1", "é@1"] {
        let says = complaint(with_sd(&format!("[{bad}]")));
        assert!(says.contains("holds a = ] \" or a byte that is not printable"), "{says}");
    }
    assert!(complaint(with_sd("[a@1 =\"v\"]")).starts_with("PARAM-NAME is empty"));
    assert!(complaints(with_sd("[]").as_bytes())[0].starts_with("SD-ID is empty"));
}

#[test]
fn params_are_well_formed() {
    for bad in ["[a@1 k]", "[a@1 k=v]", "[a@1  k=\"v\"]", "[a@1 ]", "[a@1 a b=\"v\"]"] {
        let says = complaint(with_sd(bad));
        assert!(says.contains("is not PARAM-NAME=\"PARAM-VALUE\""), "{bad}: {says}");
    }
    for (bad, says) in [
        ("[a@1", "has no ] at its end"),
        ("[a@1 k=\"v\"", "has no ] at its end"),
        ("[a@1 k=\"v", "has no \" at its end"),
        ("[a@1 k=\"v\\\"]", "has no \" at its end"),
        ("[a@1 k=\"v\"l=\"w\"]", "neither SP nor ]"),
    ] {
        let all = complaints(with_sd(bad).as_bytes());
        assert!(all.last().unwrap().contains(says), "{bad}: {all:#?}");
        assert_eq!(parse(with_sd(bad).as_bytes()).0, None);
    }
}

#[test]
fn values_are_escaped() {
    let says = complaint(with_sd(r#"[a@1 k="x"y"]"#));
    assert!(says.contains("neither SP nor ]: an unescaped \"?"), "{says}");
    for (bad, byte, value) in [("x]y", ']', "x]y"), (r"x\ny", '\\', r"x\ny")] {
        let bytes = with_sd(&format!("[a@1 k=\"{bad}\"]"));
        let says = complaint(&bytes);
        assert!(says.contains(&format!("has an unescaped {byte} before")), "{says}");
        let message = parse(bytes.as_bytes()).0.unwrap();
        assert_eq!(message.param("a@1", "k"), Some(value));
    }
}

#[test]
fn registered_parameters_have_their_values() {
    right(
        with_sd("[timeQuality tzKnown=\"1\" isSynced=\"1\" syncAccuracy=\"60000000\"]").as_bytes(),
    );
    right(with_sd("[meta sequenceId=\"2147483647\" sysUpTime=\"37\" language=\"en\"]").as_bytes());
    right(
        with_sd("[origin ip=\"192.0.2.1\" ip=\"::1\" enterpriseId=\"32473.1\" software=\"s\"]")
            .as_bytes(),
    );
    for (bad, rule) in [
        ("timeQuality tzKnown=\"yes\"", "7.1.1"),
        ("timeQuality isSynced=\"2\"", "7.1.2"),
        ("timeQuality isSynced=\"0\" syncAccuracy=\"1\"", "7.1.3"),
        ("timeQuality zone=\"1\"", "7.1"),
        ("origin ip=\"localhost\"", "7.2.1"),
        ("origin enterpriseId=\"x\"", "7.2.2"),
        ("origin software=\"0123456789012345678901234567890123456789012345678\"", "7.2.3"),
        ("origin swVersion=\"012345678901234567890123456789012\"", "7.2.4"),
        ("meta sequenceId=\"0\"", "7.3.1"),
        ("meta sequenceId=\"2147483648\"", "7.3.1"),
        ("meta sysUpTime=\"1s\"", "7.3.2"),
        ("meta language=\"\"", "7.3.3"),
    ] {
        let says = complaint(with_sd(&format!("[{bad}]")));
        assert!(says.ends_with(&format!("(RFC 5424 {rule})")), "{bad}: {says}");
    }
}

#[test]
fn control_bytes_are_counted() {
    assert_eq!(
        complaint("<14>1 - - - - - - a\nb\tc\0"),
        "byte 10 at offset 19, and 2 more, is below 32 (RFC 5424 6.4)"
    );
    let says = complaint(with_sd("[a@1 k=\"\x1b\"]"));
    assert_eq!(says, "byte 27 at offset 29 is below 32 (RFC 5424 6.4)");
}

#[test]
fn output_is_utf_8() {
    let bytes = b"<14>1 - - - - - - a\xff";
    assert_eq!(complaint(bytes), "byte 0xff at offset 19 is not UTF-8 (RFC 5424 6.4)");
    assert_eq!(parse(bytes).0.unwrap().text.as_deref(), Some("a\u{fffd}"));
    // Not the shortest form of "/".
    assert!(complaint(b"<14>1 - - - - - - \xc0\xaf").contains("is not UTF-8"));
}

#[test]
fn long_values_are_cut_in_a_complaint() {
    let says = complaint(format!("<14>1 - - {} - - -", "a".repeat(9000)));
    assert!(says.len() < 200 && says.contains("\"... of 9000 bytes"), "{says}");
}
