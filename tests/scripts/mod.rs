//! Every golden script, embedded, so that the host and the browser run the same.

/// Declares the scripts by their paths under `tests/scripts/`, without the ending.
macro_rules! scripts {
    ($($path:literal),* $(,)?) => {
        /// Path and text of every golden script.
        pub const SCRIPTS: &[(&str, &str)] = &[
            $(($path, include_str!(concat!($path, ".script")))),*
        ];
    };
}

scripts![];
