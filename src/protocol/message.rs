//! `messages!`: a message is declared once, field by field, and can then be read, written, described
//! and sampled in every version.
//!
//! ```text
//! messages! {
//!     /// What the message says.
//!     pub struct FetchRequest [flexible 12] {
//!         /// What the field says.
//!         cluster_id: Option<Text> [12..] null [12..] tag [0];
//!         replica_id: i32 [0..=14] = -1;
//!         topics: Vec<FetchTopic> [0..];
//!     }
//!
//!     pub struct FetchTopic { … }
//! }
//! ```
//!
//! `[flexible N]` makes a structure a message and names its first flexible version. Behind each
//! field stand the versions that have it; `null`, the versions in which it may be null; `tag`, that
//! it is a tagged field with that number; `=`, its value in versions that lack it, else the type's
//! default. Fields stand in the order of the wire and tagged fields in the order of their tags.
//!
//! A field that the version does not have is silently left out when writing and has its default after
//! reading, as Kafka does with the fields its schemas call ignorable; who writes an older version
//! must not rely on a newer field. A tagged field is written only where it differs from its default.

use super::ApiKey;
use super::malformed::Malformed;
use super::reader::Reader;
use super::wire::{Context, Wire};
use super::writer::Writer;
use std::fmt::Debug;

/// The body of a request or of a response.
pub trait Message: Wire + Default + Clone + PartialEq + Debug {
    /// The first version in the flexible layout; `i16::MAX` if there is none.
    const FIRST_FLEXIBLE: i16;

    /// Reads the body as `version` lays it out. Bytes behind it are the caller's.
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, Malformed> {
        Self::read(reader, Context::new(version, Self::FIRST_FLEXIBLE))
    }

    /// Writes the body as `version` lays it out.
    fn encode(&self, writer: &mut Writer, version: i16) {
        self.write(writer, Context::new(version, Self::FIRST_FLEXIBLE));
    }
}

/// The body of a request.
pub trait Request: Message {
    const API: ApiKey;
    /// The body of its answer, which has the same version.
    type Response: Message;
}

/// Declares messages and the structures in them; see the module.
macro_rules! messages {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident $([flexible $flexible:expr])? {
            $(
                $(#[$field_meta:meta])*
                $field:ident: $type:ty [$versions:expr]
                    $(null [$null:expr])? $(tag [$tag:literal])? $(= $default:expr)?;
            )*
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $(
                $(#[$field_meta])*
                pub $field: $type,
            )*
        }

        impl Default for $name {
            fn default() -> Self {
                $name {
                    $($field: messages!(@default $($default)?),)*
                }
            }
        }

        #[allow(unused_variables, unused_mut)]
        impl $crate::protocol::wire::Wire for $name {
            fn kind(_: $crate::protocol::wire::Context) -> &'static str {
                stringify!($name)
            }

            fn smallest(context: $crate::protocol::wire::Context) -> usize {
                let mut size = usize::from(context.is_flexible());
                $(messages!(@untagged [$($tag)?] {
                    if ($versions).contains(&context.version) {
                        size += <$type as $crate::protocol::wire::Wire>::smallest(context);
                    }
                });)*
                size
            }

            fn read(
                reader: &mut $crate::protocol::reader::Reader<'_>,
                context: $crate::protocol::wire::Context,
            ) -> Result<Self, $crate::protocol::malformed::Malformed> {
                let mut value = Self::default();
                $(messages!(@untagged [$($tag)?] {
                    if ($versions).contains(&context.version) {
                        reader.enter(stringify!($field));
                        let context = messages!(@context context $($null)?);
                        value.$field = $crate::protocol::wire::Wire::read(reader, context)?;
                        reader.leave();
                    }
                });)*
                if context.is_flexible() {
                    reader.tagged_fields(&mut |reader, tag| {
                        $(messages!(@tagged [$($tag)?] {
                            if tag == messages!(@tag $($tag)?)
                                && ($versions).contains(&context.version)
                            {
                                reader.enter(stringify!($field));
                                let context = messages!(@context context $($null)?);
                                value.$field = $crate::protocol::wire::Wire::read(reader, context)?;
                                reader.leave();
                                return Ok($crate::protocol::reader::Known::Yes);
                            }
                        });)*
                        Ok($crate::protocol::reader::Known::No)
                    })?;
                }
                reader.say(stringify!($name), String::new);
                Ok(value)
            }

            fn write(
                &self,
                writer: &mut $crate::protocol::writer::Writer,
                context: $crate::protocol::wire::Context,
            ) {
                $(messages!(@untagged [$($tag)?] {
                    if ($versions).contains(&context.version) {
                        let context = messages!(@context context $($null)?);
                        $crate::protocol::wire::Wire::write(&self.$field, writer, context);
                    }
                });)*
                if context.is_flexible() {
                    let mut tagged = 0;
                    $(messages!(@tagged [$($tag)?] {
                        let default: $type = messages!(@default $($default)?);
                        let present = ($versions).contains(&context.version);
                        tagged += u32::from(present && self.$field != default);
                    });)*
                    writer.unsigned_varint(tagged);
                    $(messages!(@tagged [$($tag)?] {
                        let default: $type = messages!(@default $($default)?);
                        let present = ($versions).contains(&context.version);
                        if present && self.$field != default {
                            writer.unsigned_varint(messages!(@tag $($tag)?));
                            let context = messages!(@context context $($null)?);
                            writer.with_length(|writer| {
                                $crate::protocol::wire::Wire::write(&self.$field, writer, context);
                            });
                        }
                    });)*
                }
            }

            fn sample(
                dice: &mut $crate::protocol::sample::Dice<'_>,
                context: $crate::protocol::wire::Context,
            ) -> Self {
                let mut value = Self::default();
                $(
                    let tagged = messages!(@is_tagged $($tag)?);
                    if ($versions).contains(&context.version) && (!tagged || dice.yes()) {
                        let context = messages!(@context context $($null)?);
                        value.$field = $crate::protocol::wire::Wire::sample(dice, context);
                    }
                )*
                value
            }
        }

        $(impl $crate::protocol::message::Message for $name {
            const FIRST_FLEXIBLE: i16 = $flexible;
        })?
    )*};

    (@default) => { Default::default() };
    (@default $default:expr) => { $default };
    (@untagged [] $code:block) => { $code };
    (@untagged [$tag:literal] $code:block) => {};
    (@tagged [] $code:block) => {};
    (@tagged [$tag:literal] $code:block) => { $code };
    (@tag $tag:literal) => { $tag };
    (@context $context:ident) => { $context.element() };
    (@context $context:ident $null:expr) => {
        if ($null).contains(&$context.version) { $context.nullable() } else { $context.element() }
    };
    (@is_tagged) => { false };
    (@is_tagged $tag:literal) => { true };
}

pub(super) use messages;
