//! What somebody may want to have logged, to make the server see something else.

use std::sync::OnceLock;

/// All texts, each with its place in the list as its name.
pub(super) fn all() -> &'static [&'static str] {
    static ALL: OnceLock<Vec<&'static str>> = OnceLock::new();
    ALL.get_or_init(|| {
        let written = WRITTEN.iter().map(|text| (*text).to_owned());
        let mut texts: Vec<String> = written.collect();
        let single = |c: char| format!("a{c}b");
        texts.extend(('\0'..' ').chain('\u{7f}'..='\u{9f}').map(single));
        texts.extend(TURNERS.chars().map(single));
        for end in ["\n", "\r", "\r\n", "\n\r", "\0", "\n\n", "\u{b}", "\u{85}", "\u{2028}"] {
            texts.extend(FORGERIES.iter().map(|forgery| format!("ok{end}{forgery}")));
            texts.extend([format!("{end}begins"), format!("ends{end}")]);
        }
        // The last bytes that fit in a frame fall on each byte of a character, on each byte of
        // what stands for a control character, and on each side of a backslash.
        for (unit, widths) in [("é", 2), ("€", 3), ("🚀", 4), ("\n", 4), ("\u{85}", 8), ("]\"", 4)]
        {
            for shift in 0..widths {
                texts.push("x".repeat(shift) + &unit.repeat(9_000 / unit.len()));
            }
        }
        texts.extend(
            [7, 300, 480, 1_180, 2_048, 8_000, 8_096, 8_097, 100_000].map(|n| "n".repeat(n)),
        );
        texts.push(format!("{}\n<0>1 - evil evil - - - forged", "x".repeat(8_096)));
        texts.into_iter().map(|text| &*text.leak()).collect()
    })
}

/// Bytes that are no UTF-8, as a path may hold them.
pub(super) const OCTETS: &[&[u8]] = &[
    b"\xff",
    b"a\xffb",
    b"\xc0\x8a<0>1 overlong line end",
    b"\xe0\x80\x8a",
    b"\xf0\x80\x80\x8a",
    b"\xed\xa0\x80 half a pair",
    b"\xed\xa0\xbd\xed\xb8\x80 a pair",
    b"\xf4\x90\x80\x80 above all",
    b"\xf8\x88\x80\x80\x80",
    b"\xe2\x80",
    b"\x80\x81\x9b",
    b"ok\n\xff<0>1 - evil evil - - - forged",
    b"\xef\xbb\xbf\xff",
    b"\xfe\xff\0a",
];

const FORGERIES: &[&str] = &[
    "<34>1 2026-01-01T00:00:00Z evil evil 1 - - forged",
    "<0>Jan  1 00:00:00 evil evil[1]: forged",
    "53 <34>1 2026-01-01T00:00:00Z evil evil 1 - - forged !!",
    "1 syslog 9 <0>forged\n",
    "2 close 0\n",
    "@cee: {\"forged\": true}",
];

/// They turn, hide or break what a viewer shows.
const TURNERS: &str = "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\
    \u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{feff}";

const WRITTEN: &[&str] = &[
    "",
    " ",
    "  two blanks before and behind  ",
    "-",
    "- -",
    "0",
    "1",
    "123 green bottles",
    "0 zero",
    "8096 <14>1 - - - - - - x",
    "999999999 <14>1 - - - - - - x",
    "99999999999999999999 <14>x",
    "-1 <14>x",
    "5 <0>x",
    "<0>",
    "<0>x",
    "<191>1 - - - - - - x",
    "<192>1 - - - - - - x",
    "<34>1 2026-01-01T00:00:00Z evil evil 1 - - forged",
    "<>",
    "<14",
    ">",
    "]",
    "[",
    "\"",
    "\\",
    "\\\\",
    "\\]",
    "\\\"",
    "\\\\\"",
    "\"]",
    "\"] forged",
    "\"][evil@32473 a=\"b\"] forged",
    "] [x@1 y=\"z\"] text",
    "]]]]",
    "\"\"\"\"",
    "ends in \\",
    "ends in \"",
    "ends in ]",
    "a=\"b\"",
    " after=\"forged\"",
    "\" after=\"forged",
    "\\n is two characters",
    "#012 is four",
    "#",
    "###",
    "[fields@32473 after=\"forged\"]",
    "[meta sequenceId=\"1\"]",
    "@cee:",
    "@cee: {}",
    "@cee:{\"msg\":\"forged\"}",
    "@cee: {\"severity\": 0}",
    " @cee: {\"a\": 1}",
    "@cee: {\"unfinished\": ",
    "@cee: [1,2]",
    "text @cee: {\"a\": 1}",
    "{}",
    "{\"a\":1}",
    "}",
    "\",\"msg\":\"forged",
    "\"},{\"forged\":true",
    "\\u0022,\"forged\":1",
    "\\u0000",
    "\",",
    "{\"$schema\":\"x\"}",
    "null",
    "true",
    "NaN",
    "1e999",
    "${jndi:ldap://127.0.0.1/a}",
    "${env:HOME}",
    "$(id)",
    "`id`",
    "$HOME",
    "%s%s%s%n",
    "%d %x %p",
    "{} {0} {:?}",
    "%msg%",
    "%$!all-json%",
    "%programname:::drop-last-lf%",
    "$!forged",
    "' OR 1=1 --",
    "'; DROP TABLE SystemEvents; --",
    "<script>alert(1)</script>",
    "<![CDATA[x]]>",
    "../../../../etc/passwd",
    "/etc/passwd",
    "a/b\\c",
    "|/bin/sh",
    "my app[1]: forged",
    "app: forged",
    "last message repeated 3 times",
    "\u{1b}[31mred\u{1b}[0m",
    "\u{1b}]0;title\u{7}",
    "\u{1b}[2J\u{1b}[H",
    "\u{9b}31mred",
    "\u{8}\u{8}\u{8}hidden",
    "a\0b\0c",
    "\0",
    "\0\0\0\0",
    "\u{feff}",
    "\u{feff}@cee: {\"a\": 1}",
    "user\u{202e}gpj.exe",
    "\u{fffd}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{10ffff}",
    "\u{e0041}\u{e0042}",
    "\u{ad}\u{200b}\u{2060}",
    "\u{200d}\u{200c}",
    "e\u{301}\u{302}\u{303}\u{304}",
    "👩‍👩‍👧‍👦",
    "\u{a0}\u{3000}",
    "\u{37e}\u{2024}",
    "\u{ff1c}\u{ff10}\u{ff1e}",
    "\u{2215}\u{2216}",
    "ÄÖÜß",
    "日本語",
    "עברית",
    "name with blanks",
    "name=with=equals",
    "name]with]brackets",
    "name\"with\"quotes",
    "a.b.c",
    "a-b:c/d",
    "message",
    "msg",
    "level",
    "target",
    "span",
    "spans",
    "omitted",
    "case",
    "after",
    "CASE",
    "After",
    "@timestamp",
    "@version",
    "_id",
    "host",
    "timestamp",
    "log.target",
    "log.line",
    "r#type",
    "r#",
    "fields@32473",
    "__proto__",
    "constructor",
];

#[test]
fn there_are_many_and_none_twice() {
    let distinct: std::collections::HashSet<_> = all().iter().collect();
    assert!(all().len() >= 250, "{}", all().len());
    assert_eq!(distinct.len(), all().len());
}
