//! Redaction of secret field values.

use std::str::FromStr;

use crate::Error;

/// The names of fields whose values are replaced; none by default.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redact {
    default: bool,
    own: Vec<String>,
}

impl Redact {
    /// Whether the field `name` is secret, ignoring case and word separators: configured names
    /// match whole words of it, those of `default` any part.
    pub(crate) fn hides(&self, name: &str) -> bool {
        let name = name.as_bytes();
        self.own.iter().any(|own| has_words(name, own.as_bytes()))
            || self.default
                && (WORDS.iter().any(|word| has_words(name, word.as_bytes()))
                    || PARTS.iter().any(|part| has_part(name, part.as_bytes())))
    }
}

impl FromStr for Redact {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut redact = Redact::default();
        for name in text.split(',').map(str::trim) {
            match name.to_ascii_lowercase().as_str() {
                "none" | "0" | "false" | "off" | "no" => {}
                "default" | "1" | "true" | "on" | "yes" => redact.default = true,
                _ if name.bytes().any(|byte| byte.is_ascii_alphanumeric()) => {
                    redact.own.push(name.to_owned());
                }
                _ => {
                    return Err(Error::new(format!(
                        "invalid field name {name:?} in {text:?}: expected default, none or names \
                         such as password,card_number"
                    )));
                }
            }
        }
        Ok(redact)
    }
}

/// Whether words of `name` match `wanted`.
fn has_words(name: &[u8], wanted: &[u8]) -> bool {
    (0..name.len()).any(|at| {
        begins_word(name, at)
            && end_of(name, at, wanted).is_some_and(|end| {
                // A plural is as secret as its singular.
                let plural = name.get(end).is_some_and(|byte| byte.eq_ignore_ascii_case(&b's'));
                ends_word(name, end) || plural && ends_word(name, end + 1)
            })
    })
}

/// Whether `name` contains `wanted`, other than as part of a harmless word.
fn has_part(name: &[u8], wanted: &[u8]) -> bool {
    (0..name.len()).any(|at| {
        end_of(name, at, wanted).is_some_and(|end| {
            let covers = |start, word: &&str| {
                end_of(name, start, word.as_bytes()).is_some_and(|other| other >= end)
            };
            !(0..=at).any(|start| HARMLESS.iter().any(|word| covers(start, word)))
        })
    })
}

/// The end of `wanted` if it begins at `at`, ignoring word separators.
fn end_of(name: &[u8], at: usize, wanted: &[u8]) -> Option<usize> {
    let mut end = at;
    for wanted in wanted.iter().filter(|byte| byte.is_ascii_alphanumeric()) {
        while end > at && name.get(end).is_some_and(|byte| is_separator(*byte)) {
            end += 1;
        }
        if !name.get(end)?.eq_ignore_ascii_case(wanted) {
            return None;
        }
        end += 1;
    }
    Some(end)
}

/// Whether a word begins here: `userToken`, `user_token`, `APIToken`, `oauth2token`.
fn begins_word(name: &[u8], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).and_then(|before| name.get(before)) else { return true };
    let byte = |at: usize| name.get(at).copied().unwrap_or_default();
    let is_capital = byte(at).is_ascii_uppercase();
    !before.is_ascii_alphabetic()
        || is_capital && (before.is_ascii_lowercase() || byte(at + 1).is_ascii_lowercase())
}

fn ends_word(name: &[u8], at: usize) -> bool {
    name.get(at).is_none_or(|byte| !byte.is_ascii_alphabetic()) || begins_word(name, at)
}

/// Everything but letters and digits.
fn is_separator(byte: u8) -> bool {
    byte.is_ascii() && !byte.is_ascii_alphanumeric()
}

/// The names of `default`, which match anywhere in a name; `Builder::redact` lists them.
const PARTS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "token",
    "authorization",
    "bearer",
    "jwt",
    "apikey",
    "accesskey",
    "privatekey",
    "signingkey",
    "encryptionkey",
    "credential",
    "cookie",
];

/// The same for names that are part of too many other words.
const WORDS: &[&str] = &["pass", "auth"];

/// Words that contain one of those and no secret.
const HARMLESS: &[&str] = &[
    "passwordless",
    "secretary",
    "secretaries",
    "tokenize",
    "tokenise",
    "tokenization",
    "tokencount",
    "tokenscount",
    "maxtokens",
    "totaltokens",
    "prompttokens",
    "completiontokens",
    "inputtokens",
    "outputtokens",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn hides(list: &str, name: &str) -> bool {
        list.parse::<Redact>().unwrap().hides(name)
    }

    #[test]
    fn a_switch_is_the_default_or_nothing() {
        for on in ["1", "true", "on", "YES", "default"] {
            assert!(hides(on, "password"), "{on}");
        }
        for off in ["0", "false", "off", "no", "none"] {
            assert!(!hides(off, "password"), "{off}");
        }
    }

    #[test]
    fn none_is_no_name() {
        assert!(!hides("none", "none") && !hides("None,token", "none"));
        assert!(hides("None,token", "token"));
    }

    #[test]
    fn secret_names_match_in_every_spelling() {
        for name in [
            "password",
            "PASSWORD",
            "user_password",
            "userPassword",
            "db password",
            "password.0",
            "passwordHash",
            "http.request.header.Authorization",
            "HTTPAuthorization",
            "http.request.header.set-cookie",
            "api_key",
            "apikey",
            "API-KEY",
            "x-api-key",
            "api__key",
            "AWSSecretKey",
            "APIToken",
            "CSRFToken",
            "DBPassword",
            "dbpassword",
            "JWTSecret",
            "accesstoken",
            "access_token",
            "oauth2Token",
            "tokens",
            "token1",
            "tokenValue",
            "mytoken",
            "r#token",
            "_token_",
            "pass",
            "db_pass",
            "dbPass",
            "DB_PASS",
            "auth",
            "authHeader",
            "basic-auth",
            "x-auth",
            "auth1",
            "client_credentials_json",
            "maxtokens_secret",
        ] {
            assert!(hides("default", name), "{name}");
        }
    }

    #[test]
    fn another_word_is_another_name() {
        for name in [
            "passwordless",
            "passed",
            "passenger",
            "bypass",
            "author",
            "author_id",
            "authority",
            "token_count",
            "maxTokens",
            "usage.prompt_tokens",
            "tokenizer",
            "secretary",
            "",
            "key",
            "keyboard",
        ] {
            assert!(!hides("default", name), "{name}");
        }
    }

    #[test]
    fn a_list_is_the_program_s_own() {
        for name in ["customer.IBAN", "ibans", "IBANNumber", "iban_2", "my-iban-old"] {
            assert!(hides("card_number, iban", name), "{name}");
        }
        assert!(hides("card_number, iban", "cardNumber") && hides("iban", "iban"));
        for name in ["caliban", "ibanez", "password"] {
            assert!(!hides("card_number, iban", name), "{name}");
        }
        assert!(hides("iban,default", "password"));
        assert!(!hides("none", "password"));
        assert!(!Redact::default().hides("password"));
        for wrong in ["", "a,,b", "***", "."] {
            let error = wrong.parse::<Redact>().unwrap_err().to_string();
            assert!(error.contains(&format!("{wrong:?}")), "{error}");
        }
    }
}
