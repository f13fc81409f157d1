//! Level filter by target, from `RUST_LOG` or the builder.

use env_filter::Builder;

use crate::{Error, record::Level};

/// `RUST_LOG` as env_logger reads it, for both doors.
#[derive(Debug)]
pub(crate) struct Filter(env_filter::Filter);

impl Filter {
    /// # Errors
    ///
    /// Where `directives` can't be read.
    pub(crate) fn new(directives: &str) -> Result<Self, Error> {
        let mut builder = Builder::new();
        builder.try_parse(directives).map_err(|e| {
            let rule = "expected directives such as info,my_crate=debug";
            Error::because(format!("{directives:?} are no levels: {rule}"), e)
        })?;
        Ok(Filter(builder.build()))
    }

    #[inline]
    pub(super) fn wants(&self, level: Level, target: &str) -> bool {
        let metadata = log::Metadata::builder().level(log_level(level)).target(target).build();
        self.0.enabled(&metadata)
    }

    /// The least severe level that some target may be logged at.
    pub(crate) fn max_level(&self) -> log::LevelFilter {
        self.0.filter()
    }
}

fn log_level(level: Level) -> log::Level {
    match level {
        Level::Error => log::Level::Error,
        Level::Warn => log::Level::Warn,
        Level::Info => log::Level::Info,
        Level::Debug => log::Level::Debug,
        Level::Trace => log::Level::Trace,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_read_as_env_logger_reads_them() {
        let filter = Filter::new("info,shop::db=trace,hyper=off").unwrap();
        assert!(filter.wants(Level::Info, "shop"));
        assert!(!filter.wants(Level::Debug, "shop"));
        assert!(filter.wants(Level::Trace, "shop::db::pool"));
        assert!(!filter.wants(Level::Error, "hyper"));
        assert_eq!(filter.max_level(), log::LevelFilter::Trace);
    }

    #[test]
    fn nonsense_is_quoted() {
        let error = Filter::new("info,shop=loud").unwrap_err().to_string();
        assert!(error.contains("shop=loud"), "{error}");
    }
}
