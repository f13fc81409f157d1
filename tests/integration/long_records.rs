//! Long texts, long values and very many fields.

use std::fmt;

use tracing::info;

use crate::support::flawless;

#[test]
fn a_long_text_is_cut_and_says_so() {
    for character in ["x", "é", "€", "𝄞", "\n"] {
        let long = character.repeat(100_000);
        let records = flawless(|b| b, || info!(after = 1, "{long}"));
        let record = &records[0];
        assert!(record.bytes.len() <= 8096 && record.bytes.len() > 8000);
        let shown = record.text().unwrap();
        let (kept, mark) = shown.split_once("...[cut ").unwrap();
        let cut: usize = mark.strip_suffix(" bytes]").unwrap().parse().unwrap();
        let kept = kept.replace("#012", "\n");
        assert_eq!(kept.len() + cut, long.len());
        assert!(long.starts_with(&kept));
    }
}

#[test]
fn long_values_leave_room_for_others() {
    let long = "v]".repeat(50_000);
    let records = flawless(|b| b, || info!(first = long, second = 2, third = long, "the text"));
    let record = &records[0];
    assert!(record.bytes.len() <= 8096);
    assert_eq!(record.text(), Some("the text"));
    assert!(record.param("fields@32473", "first").unwrap().ends_with(" bytes]"));
    assert_eq!(record.param("fields@32473", "second"), Some("2"));
    assert!(record.param("fields@32473", "third").unwrap().ends_with(" bytes]"));
    // Very many fields find no room, and that is told.
    let records = flawless(
        |b| b,
        || {
            info!(
                a = long,
                b = long,
                c = long,
                d = long,
                e = long,
                f = long,
                g = long,
                h = long,
                i = long,
                j = long,
                k = long,
                l = long,
                m = long,
                n = long,
                o = long,
                p = long,
                q = long,
                r = long,
                s = long,
                t = long,
                "the text"
            );
        },
    );
    let omitted: u32 = records[0].param("fields@32473", "omitted").unwrap().parse().unwrap();
    assert!((1..20).contains(&omitted), "{omitted}");
}

#[test]
fn a_hundred_megabytes_cost_no_memory_and_no_neighbour() {
    struct Huge;
    impl fmt::Display for Huge {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let piece = "x".repeat(1 << 20);
            (0..100).try_for_each(|_| f.write_str(&piece))
        }
    }
    let records = flawless(
        |b| b,
        || {
            info!("before");
            info!(value = %Huge, "{}", Huge);
            info!("after");
        },
    );
    assert_eq!(records.len(), 3);
    assert!(records[1].text().unwrap().contains("...[cut 1048"));
    assert_eq!(records[2].text(), Some("after"));
}
