//! A number of bytes, as people write it.

use std::str::FromStr;

/// Bytes, written as `800`, `64K`, `5M` or `1G`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size(pub(super) u64);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = match text[digits.len()..].to_ascii_uppercase().as_str() {
            "" | "B" => 1,
            "K" | "KB" | "KIB" => 1 << 10,
            "M" | "MB" | "MIB" => 1 << 20,
            "G" | "GB" | "GIB" => 1 << 30,
            "T" | "TB" | "TIB" => 1 << 40,
            _ => 0,
        };
        let number = digits.parse::<u64>().ok().filter(|_| unit > 0);
        number.and_then(|number| number.checked_mul(unit)).map(Size).ok_or_else(|| {
            format!("invalid size {text:?}: expected a number of bytes, or one with K, M, G or T")
        })
    }
}

#[test]
fn sizes_are_read_as_people_write_them() {
    assert_eq!("5M".parse(), Ok(Size(5 << 20)));
    assert_eq!("800".parse(), Ok(Size(800)));
    for wrong in ["", "M", "5X", "-1", "1.5G", "99999999T"] {
        assert!(
            wrong.parse::<Size>().unwrap_err().contains("expected a number of bytes"),
            "{wrong}"
        );
    }
}
