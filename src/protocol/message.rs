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
        let mut body = Self::default();
        body.read(reader, Context::new(version, Self::FIRST_FLEXIBLE))?;
        Ok(body)
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
                $field:ident: $type:ty [$($versions:tt)*]
                    $(null [$($null:tt)*])? $(tag [$tag:literal])? $(= $default:expr)?;
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

        impl $crate::protocol::structure::Structure for $name {
            fn declaration(&self) -> &'static $crate::protocol::structure::Declaration {
                const {
                    &$crate::protocol::structure::Declaration {
                        name: stringify!($name),
                        fields: &[$($crate::protocol::structure::Declared {
                            name: stringify!($field),
                            versions: messages!(@versions $($versions)*),
                            null: messages!(@null $($($null)*)?),
                            tag: messages!(@tag $($tag)?),
                            is_error_code: $crate::protocol::structure::names_error_code(stringify!($field)),
                        },)*],
                    }
                }
            }

            fn field(&self, index: usize) -> &dyn $crate::protocol::wire::Wire {
                #[allow(non_camel_case_types)]
                enum At {
                    $($field,)*
                }
                $(if index == At::$field as usize {
                    return &self.$field;
                })*
                unreachable!("a structure has the fields it declares")
            }

            fn field_mut(&mut self, index: usize) -> &mut dyn $crate::protocol::wire::Wire {
                #[allow(non_camel_case_types)]
                enum At {
                    $($field,)*
                }
                $(if index == At::$field as usize {
                    return &mut self.$field;
                })*
                unreachable!("a structure has the fields it declares")
            }

            #[allow(unused_variables)]
            fn is_default(&self, tag: u32) -> bool {
                $(messages!(@tagged [$($tag)?] {
                    if messages!(@tag $($tag)?) == Some(tag) {
                        let default: $type = messages!(@default $($default)?);
                        return self.$field == default;
                    }
                });)*
                unreachable!("only tagged fields are asked for")
            }
        }

        $crate::protocol::structure::wire_as_structure!($name);

        $(impl $crate::protocol::message::Message for $name {
            const FIRST_FLEXIBLE: i16 = $flexible;
        })?
    )*};

    (@default) => { Default::default() };
    (@default $default:expr) => { $default };
    (@tagged [] $code:block) => {};
    (@tagged [$tag:literal] $code:block) => { $code };
    (@tag) => { None };
    (@tag $tag:literal) => { Some($tag) };
    (@null) => { $crate::protocol::structure::Versions::NONE };
    (@null $($null:tt)+) => { messages!(@versions $($null)+) };
    (@versions $first:literal ..) => {
        $crate::protocol::structure::Versions { first: $first, last: i16::MAX }
    };
    (@versions $first:literal ..= $last:literal) => {
        $crate::protocol::structure::Versions { first: $first, last: $last }
    };
}

pub(super) use messages;

#[cfg(test)]
mod tests {
    use super::super::api::HeartbeatRequest;
    use super::super::{Chunks, Message, Reader, Reason, Writer};
    use bytes::Bytes;

    fn read(bytes: Bytes, version: i16) -> Result<HeartbeatRequest, Reason> {
        let chunks = Chunks::from(bytes);
        HeartbeatRequest::decode(&mut Reader::new(&chunks), version).map_err(|error| error.reason)
    }

    #[test]
    fn text_is_as_long_in_the_flexible_layout_as_in_the_older_one() {
        // A length of 32768 plus 1, and so many letters.
        let mut bytes = vec![0x81, 0x80, 0x02];
        bytes.extend([b'a'; 32_768]);
        assert_eq!(read(Bytes::from(bytes), 4), Err(Reason::LongText));
        let long = HeartbeatRequest {
            group_id: "a".repeat(40_000).into(),
            ..HeartbeatRequest::default()
        };
        for version in [3, 4] {
            let mut writer = Writer::new();
            long.encode(&mut writer, version);
            let again = read(writer.finish().to_bytes(), version).expect("a request");
            assert_eq!(again.group_id.len(), 32_767);
        }
    }
}
