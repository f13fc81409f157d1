//! The setting for fields of every record.

use super::{
    Builder,
    env::{Environment, choose},
};
use crate::Error;

impl Builder {
    /// Adds a field to every record, such as the environment or the deployed version.
    ///
    /// It is in `labels@32473` in RFC 5424, in the object `labels` in JSON, and in the text in RFC
    /// 3164. The last value of a name counts, and the program's fields override those of
    /// `SYSLOG_FIELDS`, name by name. Only here can a value contain a comma.
    ///
    /// ```
    /// let builder = logship::builder("app-tag").field("env", "prod").field("version", "1.2.3");
    /// # builder.servers("udp://127.0.0.1:514").build()?;
    /// # Ok::<(), logship::Error>(())
    /// ```
    ///
    /// Defaults to none.
    pub fn field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        set(&mut self.fields, name.into(), value.into());
        self
    }

    pub(super) fn labels(&self, env: Environment<'_>) -> Result<Vec<(String, String)>, Error> {
        let mut labels = choose(None, env, "SYSLOG_FIELDS", read, Vec::new)?;
        for (name, value) in &self.fields {
            if name.trim().is_empty() {
                return Err(Error::new(format!("invalid field {name:?}: expected a name")));
            }
            set(&mut labels, name.clone(), value.clone());
        }
        Ok(labels)
    }
}

fn set(fields: &mut Vec<(String, String)>, name: String, value: String) {
    match fields.iter_mut().find(|(known, _)| *known == name) {
        Some(field) => field.1 = value,
        None => fields.push((name, value)),
    }
}

/// `env=prod,version=1.2.3`
pub(super) fn read(text: &str) -> Result<Vec<(String, String)>, Error> {
    let mut fields = Vec::new();
    for piece in text.split(',') {
        let (name, value) = piece.split_once('=').unwrap_or_default();
        if name.trim().is_empty() {
            return Err(Error::new(format!(
                "invalid field {piece:?}: expected NAME=VALUE, as in env=prod,version=1.2.3"
            )));
        }
        set(&mut fields, name.trim().to_owned(), value.trim().to_owned());
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(builder: &Builder, variable: &str) -> Result<Vec<(String, String)>, String> {
        let env = |name: &str| (name == "SYSLOG_FIELDS").then(|| variable.into());
        builder.labels(&env).map_err(|error| error.to_string())
    }

    #[test]
    fn the_program_comes_before_the_variable_name_by_name() {
        let pairs = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>()
        };
        let none = Builder::new("t");
        let found = labels(&none, " env = prod ,version=1.2.3,empty=,eq=a=b,env=test").unwrap();
        let expected = [("env", "test"), ("version", "1.2.3"), ("empty", ""), ("eq", "a=b")];
        assert_eq!(found, pairs(&expected));
        let set = Builder::new("t").field("env", "a, b").field("env", "c, d").field("new", "x");
        let expected = pairs(&[("env", "c, d"), ("v", "1"), ("new", "x")]);
        assert_eq!(labels(&set, "env=prod,v=1").unwrap(), expected);
    }

    #[test]
    fn what_is_no_field_is_quoted() {
        for (text, quoted) in [("env", "\"env\""), ("a=1,,b=2", "\"\""), ("=x", "\"=x\"")] {
            let error = labels(&Builder::new("t"), text).unwrap_err();
            assert!(error.starts_with("SYSLOG_FIELDS: ") && error.contains(quoted), "{error}");
        }
        let error = labels(&Builder::new("t").field(" ", "x"), "").unwrap_err();
        assert!(error.contains("\" \""), "{error}");
    }
}
