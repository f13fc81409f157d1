//! The guides of `docs/`, as pages of the documentation.
//!
//! * [Formats](formats)
//! * [TLS](tls)
//! * [Delivery](delivery)
//! * [Operations](operations)
//! * [Receivers](receivers)
//! * [Performance](performance)
//! * [The `logship` command](command)
//! * [Scale](scale)

/// A module for a guide. What the guide links to by a label is a file in the repository; the
/// definitions here come first, so they win and lead to pages.
macro_rules! guides {
    ($($name:ident)*) => {$(
        /// [control]: https://docs.rs/crate/logship/latest/source/examples/control.rs
        /// [delivery]: crate::guide::delivery
        /// [formats]: crate::guide::formats
        /// [metrics]: https://docs.rs/crate/logship/latest/source/examples/metrics.rs
        /// [operations]: crate::guide::operations
        /// [receivers]: crate::guide::receivers
        /// [faults]: https://docs.rs/crate/logship/latest/source/docs/faults.md
        /// [picture]: https://docs.rs/crate/logship/latest/source/docs/speed.svg
        /// [pipe]: crate::guide::command
        /// [check]: crate::Builder::check
        /// [rfc]: https://docs.rs/crate/logship/latest/source/docs/rfc-compliance.md
        /// [sigterm]: https://docs.rs/crate/logship/latest/source/examples/sigterm.rs
        /// [stack]: https://docs.rs/crate/logship/latest/source/examples/stack/README.md
        ///
        #[doc = include_str!(concat!("../docs/", stringify!($name), ".md"))]
        pub mod $name {}
    )*};
}

guides! { formats tls delivery operations receivers performance command scale }
