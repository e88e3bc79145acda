//! `settings!`: a client's settings, each declared once with its Kafka name, default and range.
//!
//! From the declaration follow the typed fields the code reads, the names a person may write in a
//! plan or a panel, and the sentence that says what would have been accepted.

use crate::model::Text;
use crate::time::Duration;

/// A type a setting can have.
pub trait Setting: Sized {
    /// Reads what a person wrote; `None` when it is no such value.
    fn read(text: &str) -> Option<Self>;

    /// Prints it so that [`Setting::read`] reads it back.
    fn show(&self) -> String;
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Setting for $type {
            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

integers!(i32, u32, u64);

impl Setting for bool {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Setting for Text {
    fn read(text: &str) -> Option<Self> {
        Some(text.into())
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Setting for Duration {
    fn read(text: &str) -> Option<Self> {
        Duration::parse(text)
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// Declares a setting whose values are words.
macro_rules! words {
    ($($(#[$meta:meta])* pub enum $name:ident {
        $($(#[$word_meta:meta])* $word:ident = $text:literal $(| $other:literal)*,)*
    })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$word_meta])* $word,)*
        }

        impl $crate::client::setting::Setting for $name {
            fn read(text: &str) -> Option<Self> {
                match text {
                    $($text $(| $other)* => Some($name::$word),)*
                    _ => None,
                }
            }

            fn show(&self) -> String {
                match self {
                    $($name::$word => $text.to_owned(),)*
                }
            }
        }
    )*};
}

/// Declares the settings of one kind of client; see the module.
///
/// Each line is: Kafka's name, the field, its type, its default, the range of legal values, and what
/// is accepted in words. The type must have a method `check(&self) -> Result<(), String>` for what
/// settings demand of each other.
macro_rules! settings {
    (
        $(#[$meta:meta])*
        pub struct $config:ident of $owner:literal {
            $(
                $(#[$field_meta:meta])*
                $name:literal $field:ident: $type:ty = $default:expr, $range:expr, $accepts:literal;
            )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $config {
            $(
                $(#[$field_meta])*
                #[doc = concat!("\n\n`", $name, "`: ", $accepts, ".")]
                pub $field: $type,
            )*
        }

        impl Default for $config {
            fn default() -> Self {
                $config { $($field: $default,)* }
            }
        }

        impl $config {
            /// Every setting by its Kafka name.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// Changes one setting by its Kafka name.
            ///
            /// # Errors
            /// A sentence that says what would have been accepted; nothing has changed then.
            pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
                self.set_all([(name, value)])
            }

            /// Changes several settings at once, so that what they demand of each other is looked
            /// at only when all of them are in place.
            ///
            /// # Errors
            /// As [`Self::set`].
            pub fn set_all<'a>(
                &mut self,
                pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
            ) -> Result<(), String> {
                let mut changed = self.clone();
                for (name, value) in pairs {
                    changed.put(name, value)?;
                }
                changed.check()?;
                *self = changed;
                Ok(())
            }

            fn put(&mut self, name: &str, value: &str) -> Result<(), String> {
                match name {
                    $($name => {
                        let read = <$type as $crate::client::setting::Setting>::read(value);
                        self.$field = read
                            .filter(|value| std::ops::RangeBounds::contains(&$range, value))
                            .ok_or_else(|| {
                                format!("{} is not {value:?} but {}", $name, $accepts)
                            })?;
                        Ok(())
                    })*
                    _ => Err(format!(
                        "{} has no setting {name:?}; it has {}",
                        $owner,
                        Self::NAMES.join(", ")
                    )),
                }
            }

            /// One setting as text.
            pub fn get(&self, name: &str) -> Option<String> {
                match name {
                    $($name => Some($crate::client::setting::Setting::show(&self.$field)),)*
                    _ => None,
                }
            }

            /// Every setting with its value, in the order of declaration.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, String)> {
                [$(($name, $crate::client::setting::Setting::show(&self.$field)),)*].into_iter()
            }
        }
    };
}

pub(super) use {settings, words};
