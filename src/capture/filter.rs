//! Level filter by target, from `RUST_LOG` or the builder.

use env_filter::Builder;
use log::LevelFilter;

use crate::{
    Error, Severity,
    error::nearest,
    record::{Level, Severities},
};

/// `RUST_LOG` with env_logger's syntax, for both front ends.
#[derive(Debug)]
pub(crate) struct Filter {
    directives: env_filter::Filter,
    /// The level at which every target may be logged.
    everywhere: LevelFilter,
}

impl Filter {
    /// The filter, and warnings about it.
    ///
    /// # Errors
    ///
    /// If a directive is invalid.
    pub(crate) fn new(directives: &str) -> Result<(Self, Vec<String>), Error> {
        let parsed = Directives::parse(directives);
        match parsed.invalid.first().or(parsed.keywords.first()) {
            None => Ok((parsed.filter(), parsed.hint().into_iter().collect())),
            Some(what) => Err(Error::new(format!("invalid filter {directives:?}: {what}"))),
        }
    }

    /// The same from the environment: an invalid directive is reported and ignored, since other
    /// readers of the variable know other directives, and the program has to start.
    pub(crate) fn of_environment(directives: &str) -> (Self, Vec<String>) {
        let parsed = Directives::parse(directives);
        let ignored = |what: &String| format!("RUST_LOG: {what}; it is ignored");
        let mut told: Vec<String> = parsed.invalid.iter().map(ignored).collect();
        let taken = |what: &String| format!("RUST_LOG: {what} It is taken as that");
        told.extend(parsed.keywords.iter().map(taken));
        told.extend(parsed.hint().map(|hint| format!("RUST_LOG: {hint}")));
        (parsed.filter(), told)
    }

    #[inline]
    pub(super) fn wants(&self, level: Level, target: &str) -> bool {
        let metadata = log::Metadata::builder().level(log_level(level)).target(target).build();
        self.directives.enabled(&metadata)
    }

    /// The most verbose level that any target may be logged at.
    pub(crate) fn max_level(&self) -> log::LevelFilter {
        self.directives.filter()
    }

    /// The most verbose level that every target may be logged at.
    pub(super) fn everywhere(&self) -> log::LevelFilter {
        self.everywhere
    }
}

/// Directives, and warnings about them.
#[derive(Default)]
struct Directives {
    /// A target, or none for the default, and its level.
    valid: Vec<(Option<String>, LevelFilter)>,
    invalid: Vec<String>,
    /// Severity keywords given as levels.
    keywords: Vec<String>,
    bare: Vec<String>,
}

impl Directives {
    fn parse(text: &str) -> Self {
        let mut parsed = Directives::default();
        for piece in pieces(text) {
            if let Err(rule) = parsed.directive(piece) {
                parsed.invalid.push(format!("invalid directive {piece:?}: {rule}"));
            }
        }
        parsed
    }

    fn directive(&mut self, piece: &str) -> Result<(), String> {
        if piece.starts_with('/') {
            return Err("a pattern for texts, behind /, is not supported".to_owned());
        }
        if piece.contains(['[', ']', '{', '}']) {
            return Err("directives for spans and fields are not supported".to_owned());
        }
        let is_odd = |c: char| c.is_whitespace() || c.is_control() || ODD.contains(&c);
        let (target, level) = match piece.split_once('=') {
            Some((target, level)) => (target.trim(), Some(level.trim())),
            None => (piece, None),
        };
        if target.is_empty() || target.contains(is_odd) {
            return Err(EXPECTED.to_owned());
        }
        match level {
            Some("") => self.push(target, LevelFilter::Trace),
            Some(word) => {
                let level =
                    self.level(word, piece).ok_or_else(|| match nearest(word, &LEVELS) {
                        Some(meant) => format!("{EXPECTED}; did you mean {meant:?}?"),
                        None => EXPECTED.to_owned(),
                    })?;
                self.push(target, level);
            }
            None => match self.level(target, piece) {
                Some(level) => self.valid.push((None, level)),
                None => {
                    self.bare.push(target.to_owned());
                    self.push(target, LevelFilter::Trace);
                }
            },
        }
        Ok(())
    }

    fn push(&mut self, target: &str, level: LevelFilter) {
        self.valid.push((Some(target.to_owned()), level));
        if target.contains('-') {
            // A package name with `-`, whose modules have `_`.
            self.valid.push((Some(target.replace('-', "_")), level));
        }
    }

    /// The level of this name or number, or of a severity's keyword.
    fn level(&mut self, word: &str, piece: &str) -> Option<LevelFilter> {
        let by_number = || word.parse().ok().and_then(|n: usize| LevelFilter::iter().nth(n));
        if let Some(level) = word.parse().ok().or_else(by_number) {
            return Some(level);
        }
        let severity: Severity = word.parse().ok()?;
        let levels = [Level::Error, Level::Warn, Level::Info, Level::Debug];
        let severities = Severities::default();
        let level = levels.into_iter().find(|level| severities.of(*level) >= severity)?;
        self.keywords.push(format!(
            "invalid directive {piece:?}: {word:?} is a severity, not a level; did you mean {:?}?",
            level.keyword()
        ));
        Some(log_level(level).to_level_filter())
    }

    /// The warning for a filter that ships only a few targets because of what may be a typo.
    fn hint(&self) -> Option<String> {
        if self.valid.iter().any(|(target, _)| target.is_none()) {
            return None;
        }
        let meant = |word: &String| Some((word.clone(), nearest(word, &LEVELS)?));
        if let Some((word, meant)) = self.bare.iter().find_map(meant) {
            return Some(format!(
                "{word:?} is not a level, but a target; did you mean {meant:?}? What no directive \
                 names is not shipped"
            ));
        }
        let passes = |target: &Option<String>, level: LevelFilter| {
            level > LevelFilter::Off && target.as_ref().is_some_and(|t| !self.bare.contains(t))
        };
        let word = self.bare.first()?;
        let is_alone = !self.valid.iter().any(|(target, level)| passes(target, *level));
        is_alone.then(|| {
            format!("{word:?} is not a level: only targets that begin with it are shipped")
        })
    }

    fn filter(&self) -> Filter {
        let default = (None, LevelFilter::Info);
        let directives = match self.valid.as_slice() {
            [] => std::slice::from_ref(&default),
            valid => valid,
        };
        let mut builder = Builder::new();
        for (target, level) in directives {
            builder.filter(target.as_deref(), *level);
        }
        let is_for_all = directives.iter().any(|(target, _)| target.is_none());
        let least = directives.iter().map(|(_, level)| *level).min();
        Filter {
            directives: builder.build(),
            everywhere: least.filter(|_| is_for_all).unwrap_or(LevelFilter::Off),
        }
    }
}

/// Splits at commas outside of brackets; the last part is what follows a slash.
fn pieces(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut end, mut found) = (0_u32, 0, text.len(), Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.push(&text[start..at]);
                start = at + 1;
            }
            '/' if depth == 0 => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    found.push(&text[start..end]);
    found.push(&text[end..]);
    found.into_iter().map(str::trim).filter(|piece| !piece.is_empty()).collect()
}

#[inline]
pub(super) fn log_level(level: Level) -> log::Level {
    match level {
        Level::Error => log::Level::Error,
        Level::Warn => log::Level::Warn,
        Level::Info => log::Level::Info,
        Level::Debug => log::Level::Debug,
        Level::Trace => log::Level::Trace,
    }
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
const EXPECTED: &str = "expected off, error, warn, info, debug or trace, or such a level for a \
                        target, as in info,my_crate=debug";
/// Characters that no target contains: quotation marks, and the replacement for invalid UTF-8.
const ODD: [char; 6] = ['"', '\'', '`', ';', '=', '\u{fffd}'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_read_as_env_logger_reads_them() {
        let (filter, odd) = Filter::new("info,shop::db=trace,hyper=off").unwrap();
        assert!(filter.wants(Level::Info, "shop"));
        assert!(!filter.wants(Level::Debug, "shop"));
        assert!(filter.wants(Level::Trace, "shop::db::pool"));
        assert!(!filter.wants(Level::Error, "hyper"));
        assert_eq!(filter.max_level(), log::LevelFilter::Trace);
        assert!(odd.is_empty(), "{odd:?}");
        let (filter, odd) = Filter::new(" off , my-crate = debug ").unwrap();
        assert!(filter.wants(Level::Debug, "my_crate") && filter.wants(Level::Debug, "my-crate"));
        assert!(!filter.wants(Level::Error, "shop") && odd.is_empty(), "{odd:?}");
    }

    #[test]
    fn nonsense_is_an_error_of_the_program() {
        for (text, quoted) in [
            ("info,shop=loud", "\"shop=loud\""),
            ("\"info\"", "\"\\\"info\\\"\""),
            ("info/text", "\"/text\""),
            ("info,probe[span{f=1,g=2}]=debug", "\"probe[span{f=1,g=2}]=debug\""),
            ("=debug", "\"=debug\""),
            ("a=b=info", "\"a=b=info\""),
            ("info;debug", "\"info;debug\""),
            ("inf\u{fffd}", "invalid"),
            ("warning", "\"warn\""),
        ] {
            let error = Filter::new(text).unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")) && error.contains(quoted), "{error}");
        }
        let error = Filter::new("shop=inof").unwrap_err().to_string();
        assert!(error.ends_with("did you mean \"info\"?"), "{error}");
    }

    /// A program must start, whatever other reader the variable was meant for.
    #[test]
    fn nonsense_of_the_environment_is_told_and_left_out() {
        for (text, level, told_part) in [
            ("warning", Level::Warn, "\"warn\""),
            ("debug,shop=critical", Level::Debug, "\"error\""),
            ("\"info\"", Level::Info, "ignored"),
            ("inf\u{fffd}", Level::Info, "ignored"),
            ("warn/text", Level::Warn, "\"/text\""),
            ("warn,probe[span{f=1}]=debug", Level::Warn, "spans"),
            ("warn,shop=loud", Level::Warn, "\"shop=loud\""),
        ] {
            let (filter, told) = Filter::of_environment(text);
            assert!(filter.wants(level, "other"), "{text}");
            let max = log_level(level).to_level_filter();
            assert_eq!(filter.max_level(), max, "{text}");
            assert!(told.len() == 1 && told[0].starts_with("RUST_LOG: "), "{text}: {told:?}");
            assert!(told[0].contains(told_part), "{text}: {told:?}");
        }
        for fine in
            ["info", "", "off", "my_crate=debug", "warn,my_crate", "INFO", "3", "shop=info,hyper"]
        {
            let (_, told) = Filter::of_environment(fine);
            assert!(told.is_empty(), "{fine}: {told:?}");
        }
    }

    #[test]
    fn a_word_that_silences_the_rest_is_told() {
        for (text, part) in [
            ("inof", "did you mean \"info\"?"),
            ("shop", "only targets that begin with it"),
            ("hyper=off,wanr", "did you mean \"warn\"?"),
            ("hyper=debug,inof", "did you mean \"info\"?"),
        ] {
            for told in [Filter::of_environment(text).1, Filter::new(text).unwrap().1] {
                assert!(told.len() == 1 && told[0].contains(part), "{text}: {told:?}");
            }
        }
    }

    #[test]
    fn level_for_all_targets_is_the_least_of_any() {
        for (directives, level) in [
            ("", LevelFilter::Info),
            ("debug", LevelFilter::Debug),
            ("info,shop=warn", LevelFilter::Warn),
            ("warn,shop=trace", LevelFilter::Warn),
            ("info,shop=off", LevelFilter::Off),
            ("shop=debug", LevelFilter::Off),
        ] {
            assert_eq!(Filter::new(directives).unwrap().0.everywhere(), level, "{directives:?}");
        }
    }
}
