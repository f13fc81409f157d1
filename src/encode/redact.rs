//! Whose value is nobody's business? Names of fields that hold secrets.

use std::str::FromStr;

use crate::Error;

/// The names of fields whose values are replaced; none by default.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redact(Vec<String>);

impl Redact {
    /// Whether the value of the field `name` is a secret: the last words of the name are one of
    /// the listed names, without regard to case and to what separates words.
    pub(crate) fn hides(&self, name: &str) -> bool {
        let name = name.trim_start_matches("r#").trim_end_matches(SEPARATORS);
        self.0.iter().any(|secret| ends_in(name.as_bytes(), secret.as_bytes()))
    }
}

impl FromStr for Redact {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut names = Vec::new();
        for name in text.split(',').map(str::trim) {
            match name.to_ascii_lowercase().as_str() {
                "none" => {}
                "default" => names.extend(DEFAULT.iter().map(|&name| name.to_owned())),
                _ if name.bytes().any(|octet| octet.is_ascii_alphanumeric()) => {
                    names.push(name.to_owned());
                }
                _ => {
                    return Err(Error::new(format!(
                        "{name:?} in {text:?} is no name of a field to redact: use default, none \
                         or names such as password,card_number"
                    )));
                }
            }
        }
        Ok(Redact(names))
    }
}

/// Compares from the end, leaving out what separates words; the match must begin a word.
fn ends_in(name: &[u8], secret: &[u8]) -> bool {
    let mut rest = name;
    for wanted in secret.iter().rev().filter(|octet| !is_separator(**octet)) {
        while let Some((_, before)) = rest.split_last().filter(|(last, _)| is_separator(**last)) {
            rest = before;
        }
        let Some((last, before)) = rest.split_last() else { return false };
        if !last.eq_ignore_ascii_case(wanted) {
            return false;
        }
        rest = before;
    }
    let Some(before) = rest.last() else { return true };
    let first = name.get(rest.len()).copied().unwrap_or_default();
    is_separator(*before) || first.is_ascii_uppercase() && !before.is_ascii_uppercase()
}

fn is_separator(octet: u8) -> bool {
    SEPARATORS.contains(&char::from(octet))
}

/// What stands between the words of a name.
const SEPARATORS: [char; 6] = ['_', '-', '.', ':', '/', ' '];

/// What `default` stands for; `Builder::redact` lists it.
const DEFAULT: &[&str] = &[
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "secrets",
    "token",
    "authorization",
    "bearer",
    "jwt",
    "api_key",
    "access_key",
    "private_key",
    "secret_key",
    "signing_key",
    "encryption_key",
    "credential",
    "credentials",
    "cookie",
    "cookies",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn hides(list: &str, name: &str) -> bool {
        list.parse::<Redact>().unwrap().hides(name)
    }

    #[test]
    fn none_is_no_name() {
        assert!(!hides("none", "none") && !hides("None,token", "none"));
        assert!(hides("None,token", "token"));
    }

    #[test]
    fn a_name_is_known_in_every_spelling_and_behind_other_words() {
        for name in [
            "password",
            "PASSWORD",
            "Password",
            "user_password",
            "user.password",
            "userPassword",
            "db-password",
            "db password",
            "http.request.header.Authorization",
            "http.request.header.set-cookie",
            "api_key",
            "apikey",
            "apiKey",
            "API-KEY",
            "x-api-key",
            "stripe.apiKey",
            "access_token",
            "accessToken",
            "oauth2Token",
            "r#token",
            "_token_",
        ] {
            assert!(hides("default", name), "{name}");
        }
    }

    #[test]
    fn another_word_is_another_name() {
        for name in [
            "passwordless",
            "token_count",
            "tokens",
            "tokenizer",
            "mytoken",
            "secretary",
            "",
            "key",
        ] {
            assert!(!hides("default", name), "{name}");
        }
    }

    #[test]
    fn a_list_is_the_program_s_own() {
        assert!(hides("card_number, iban", "customer.IBAN"));
        assert!(!hides("card_number, iban", "password"));
        assert!(hides("iban,default", "password"));
        assert!(!hides("none", "password"));
        assert!(!Redact::default().hides("password"));
        for wrong in ["", "a,,b", "***", "."] {
            let error = wrong.parse::<Redact>().unwrap_err().to_string();
            assert!(error.contains(&format!("{wrong:?}")), "{error}");
        }
    }
}
