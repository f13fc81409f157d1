//! Internationalised host names as Punycode (RFC 5425 section 5.2, RFC 3492).

/// The name with each label that is not US-ASCII in its ASCII Compatible Encoding: `xn--...`, after
/// mapping to lower case. Other mappings (RFC 3491: widths, ligatures) are not supported: a name
/// that needs them does not resolve, or matches no certificate.
pub(crate) fn to_ascii(name: &str) -> Result<String, String> {
    if name.is_ascii() {
        return Ok(name.to_owned());
    }
    let labels = name.split(['.', '。']).map(|label| {
        if label.is_ascii() {
            return Some(label.to_owned());
        }
        let points: Vec<char> = label.chars().flat_map(char::to_lowercase).collect();
        punycode(&points).map(|code| format!("xn--{code}")).filter(|label| label.len() <= 63)
    });
    let labels: Option<Vec<String>> = labels.collect();
    labels.map(|labels| labels.join(".")).ok_or_else(|| format!("{name:?} is too long for a name"))
}

/// RFC 3492 section 6.3.
fn punycode(points: &[char]) -> Option<String> {
    let mut out: String = points.iter().filter(|c| c.is_ascii()).collect();
    let basic = u32::try_from(out.len()).ok()?;
    if basic > 0 {
        out.push('-');
    }
    let (mut n, mut delta, mut bias, mut handled) = (128_u32, 0_u32, 72_u32, basic);
    while (handled as usize) < points.len() {
        let next = points.iter().map(|&c| c as u32).filter(|&c| c >= n).min()?;
        delta = delta.checked_add((next - n).checked_mul(handled + 1)?)?;
        n = next;
        for &point in points {
            if (point as u32) < n {
                delta = delta.checked_add(1)?;
            }
            if point as u32 == n {
                push_number(&mut out, delta, bias);
                bias = adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled += 1;
            }
        }
        delta = delta.checked_add(1)?;
        n += 1;
    }
    Some(out)
}

/// A variable-length integer, the least significant digit first.
fn push_number(out: &mut String, mut number: u32, bias: u32) {
    let mut k = BASE;
    loop {
        let threshold = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
        if number < threshold {
            return out.push(digit(number));
        }
        out.push(digit(threshold + (number - threshold) % (BASE - threshold)));
        number = (number - threshold) / (BASE - threshold);
        k += BASE;
    }
}

fn digit(value: u32) -> char {
    char::from(if value < 26 { b'a' + value as u8 } else { b'0' + (value - 26) as u8 })
}

fn adapt(delta: u32, points: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / 700 } else { delta / 2 };
    delta += delta / points;
    let mut k = 0;
    while delta > (BASE - T_MIN) * T_MAX / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + 38)
}

const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_others_write_them() {
        for (name, ascii) in [
            ("logs.example.com", "logs.example.com"),
            ("münchen.example", "xn--mnchen-3ya.example"),
            ("MÜNCHEN.example", "xn--mnchen-3ya.example"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
            ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
            // A number that equals the threshold of its last digit.
            ("紙.example", "xn--mb0a.example"),
            ("пример.испытание", "xn--e1afmkfd.xn--80akhbyknj4f"),
            ("παράδειγμα.δοκιμή", "xn--hxajbheg2az3al.xn--jxalpdlp"),
        ] {
            assert_eq!(to_ascii(name).as_deref(), Ok(ascii));
        }
    }

    /// RFC 3492 section 7.1 (B) Chinese (simplified), (L) Japanese.
    #[test]
    fn the_samples_of_the_rfc_come_out() {
        let chinese: Vec<char> = "他们为什么不说中文".chars().collect();
        assert_eq!(punycode(&chinese).as_deref(), Some("ihqwcrb4cv8a8dqg056pqjye"));
        let japanese: Vec<char> = "3年b組金八先生".chars().collect();
        assert_eq!(punycode(&japanese).as_deref(), Some("3b-ww4c5e180e575a65lsy2b"));
        // Section 6.1: 455 itself is not divided again.
        assert_eq!([adapt(780, 6, false), adapt(608, 2, false)], [33, 45]);
    }

    #[test]
    fn what_is_too_long_is_an_error() {
        assert!(to_ascii(&"ü".repeat(300)).is_err());
    }
}
