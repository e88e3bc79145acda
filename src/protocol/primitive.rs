//! How each type of a field is written: Kafka's primitive types, arrays and records.

use super::chunks::Chunks;
use super::malformed::{Malformed, Reason};
use super::reader::{Reader, UNSIGNED_VARINT};
use super::sample::Dice;
use super::wire::{Context, Layout, Null, Wire};
use super::writer::{Writer, length_as_i32, length_as_u32};
use crate::model::{Text, TopicId};
use bytes::Bytes;
use std::fmt::Write;

/// The sizes of length fields in the older layout.
#[derive(Clone, Copy)]
enum Width {
    /// 16 bits: text.
    Short,
    /// 32 bits: bytes, records and arrays.
    Long,
}

impl Width {
    fn smallest(self, context: Context) -> usize {
        match self {
            Width::Short => context.choose(2, 1),
            Width::Long => context.choose(4, 1),
        }
    }
}

/// Reads the length of text, bytes, records or an array. `None` is null.
fn read_length(
    reader: &mut Reader<'_>,
    context: Context,
    width: Width,
) -> Result<Option<usize>, Malformed> {
    let length = match (context.layout, width) {
        (Layout::Flexible, _) => i64::from(reader.unsigned_varint()?) - 1,
        (Layout::Fixed, Width::Short) => i64::from(i16::from_be_bytes(reader.array()?)),
        (Layout::Fixed, Width::Long) => i64::from(i32::from_be_bytes(reader.array()?)),
    };
    match usize::try_from(length) {
        Ok(length) => Ok(Some(length)),
        Err(_) if length < -1 => Err(reader.malformed(Reason::NegativeLength)),
        Err(_) if context.null == Null::Refused => Err(reader.malformed(Reason::Null)),
        Err(_) => Ok(None),
    }
}

fn write_length(writer: &mut Writer, context: Context, width: Width, length: Option<usize>) {
    let length = match (length, context.null) {
        (None, Null::Refused) => Some(0),
        (length, _) => length,
    };
    match (context.layout, width) {
        (Layout::Flexible, _) => {
            writer.unsigned_varint(length.map_or(0, |length| length_as_u32(length) + 1));
        }
        (Layout::Fixed, Width::Short) => {
            let length = length.map_or(-1, |length| {
                i16::try_from(length).expect("text is cut before it is written")
            });
            writer.put(&length.to_be_bytes());
        }
        (Layout::Fixed, Width::Long) => {
            writer.put(&length.map_or(-1, length_as_i32).to_be_bytes());
        }
    }
}

macro_rules! integers {
    ($($type:ty, $kind:literal;)*) => {$(
        impl Wire for $type {
            fn kind(_: Context) -> &'static str {
                $kind
            }

            fn smallest(_: Context) -> usize {
                size_of::<$type>()
            }

            fn read(reader: &mut Reader<'_>, _: Context) -> Result<Self, Malformed> {
                let value = <$type>::from_be_bytes(reader.array()?);
                reader.say($kind, || value.to_string());
                Ok(value)
            }

            fn write(&self, writer: &mut Writer, _: Context) {
                writer.put(&self.to_be_bytes());
            }

            fn sample(dice: &mut Dice<'_>, _: Context) -> Self {
                dice.integer() as $type
            }
        }
    )*};
}

integers! {
    i8, "int8";
    i16, "int16";
    i32, "int32";
    i64, "int64";
}

impl Wire for bool {
    fn kind(_: Context) -> &'static str {
        "bool"
    }

    fn smallest(_: Context) -> usize {
        1
    }

    /// Any byte but 0 is true, as in Kafka.
    fn read(reader: &mut Reader<'_>, _: Context) -> Result<Self, Malformed> {
        let [byte] = reader.array()?;
        reader.say("bool", || (byte != 0).to_string());
        Ok(byte != 0)
    }

    fn write(&self, writer: &mut Writer, _: Context) {
        writer.put(&[u8::from(*self)]);
    }

    fn sample(dice: &mut Dice<'_>, _: Context) -> Self {
        dice.below(2) == 1
    }
}

impl Wire for TopicId {
    fn kind(_: Context) -> &'static str {
        "uuid"
    }

    fn smallest(_: Context) -> usize {
        16
    }

    fn read(reader: &mut Reader<'_>, _: Context) -> Result<Self, Malformed> {
        let id = TopicId(reader.array()?);
        reader.say("uuid", || hex(&id.0));
        Ok(id)
    }

    fn write(&self, writer: &mut Writer, _: Context) {
        writer.put(&self.0);
    }

    fn sample(dice: &mut Dice<'_>, _: Context) -> Self {
        let (high, low) = (dice.integer(), dice.integer());
        let mut id = [0; 16];
        id[..8].copy_from_slice(&high.to_be_bytes());
        id[8..].copy_from_slice(&low.to_be_bytes());
        TopicId(id)
    }
}

/// In versions without the flexible layout, text longer than 32767 bytes cannot be said; it is cut.
impl Wire for Option<Text> {
    fn kind(context: Context) -> &'static str {
        match context.null {
            Null::Allowed => context.choose("nullable string", "nullable compact string"),
            Null::Refused => context.choose("string", "compact string"),
        }
    }

    fn smallest(context: Context) -> usize {
        Width::Short.smallest(context)
    }

    fn read(reader: &mut Reader<'_>, context: Context) -> Result<Self, Malformed> {
        let length = read_length(reader, context, Width::Short)?;
        let text = length.map(|length| reader.text(length)).transpose()?;
        reader.say(Self::kind(context), || match &text {
            Some(text) => format!("{text:?}"),
            None => "null".to_string(),
        });
        Ok(text)
    }

    fn write(&self, writer: &mut Writer, context: Context) {
        let text = self.as_deref().map(|text| match context.layout {
            Layout::Fixed => cut(text, i16::MAX.unsigned_abs().into()),
            Layout::Flexible => text,
        });
        write_length(writer, context, Width::Short, text.map(str::len));
        writer.put(text.unwrap_or_default().as_bytes());
    }

    fn sample(dice: &mut Dice<'_>, context: Context) -> Self {
        sample_option(dice, context, |dice| {
            let mut text = String::new();
            for _ in 0..dice.length() {
                text.push(dice.letter());
            }
            text.into()
        })
    }
}

/// The longest beginning of `text` that has at most `limit` bytes.
fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

/// Bytes are copied out of the frame, so that keeping them does not keep the frame.
impl Wire for Option<Bytes> {
    fn kind(context: Context) -> &'static str {
        match context.null {
            Null::Allowed => context.choose("nullable bytes", "nullable compact bytes"),
            Null::Refused => context.choose("bytes", "compact bytes"),
        }
    }

    fn smallest(context: Context) -> usize {
        Width::Long.smallest(context)
    }

    fn read(reader: &mut Reader<'_>, context: Context) -> Result<Self, Malformed> {
        let length = read_length(reader, context, Width::Long)?;
        let bytes = length.map(|length| reader.copy(length)).transpose()?;
        reader.say(Self::kind(context), || match &bytes {
            Some(bytes) => hex(bytes),
            None => "null".to_string(),
        });
        Ok(bytes.map(Bytes::from))
    }

    fn write(&self, writer: &mut Writer, context: Context) {
        let length = self.as_ref().map(Bytes::len);
        write_length(writer, context, Width::Long, length);
        writer.put(self.as_deref().unwrap_or_default());
    }

    fn sample(dice: &mut Dice<'_>, context: Context) -> Self {
        sample_option(dice, context, |dice| {
            (0..dice.length()).map(|_| dice.integer() as u8).collect()
        })
    }
}

/// Records are shared with the frame: what a replica appends is what arrived.
impl Wire for Option<Chunks> {
    fn kind(context: Context) -> &'static str {
        context.choose("records", "compact records")
    }

    fn smallest(context: Context) -> usize {
        Width::Long.smallest(context)
    }

    fn read(reader: &mut Reader<'_>, context: Context) -> Result<Self, Malformed> {
        let start = reader.position();
        let length = read_length(reader, context, Width::Long)?;
        let records = length.map(|length| reader.share(length)).transpose()?;
        reader.say(Self::kind(context), || match &records {
            Some(records) => format!("{} bytes", records.len()),
            None => "null".to_string(),
        });
        let content = reader.position() - records.as_ref().map_or(0, Chunks::len);
        let kind = context.choose("int32", UNSIGNED_VARINT);
        super::describe::records(reader, kind, start..content, records.as_ref());
        Ok(records)
    }

    fn write(&self, writer: &mut Writer, context: Context) {
        let length = self.as_ref().map(Chunks::len);
        write_length(writer, context, Width::Long, length);
        if let Some(records) = self {
            writer.share(records);
        }
    }

    fn sample(dice: &mut Dice<'_>, context: Context) -> Self {
        sample_option(dice, context, |dice| {
            let bytes: Bytes = (0..dice.length()).map(|_| dice.integer() as u8).collect();
            Chunks::from(bytes)
        })
    }
}

impl<T: Wire> Wire for Option<Vec<T>> {
    fn kind(context: Context) -> &'static str {
        match context.null {
            Null::Allowed => context.choose("nullable array", "nullable compact array"),
            Null::Refused => context.choose("array", "compact array"),
        }
    }

    fn smallest(context: Context) -> usize {
        Width::Long.smallest(context)
    }

    fn read(reader: &mut Reader<'_>, context: Context) -> Result<Self, Malformed> {
        let start = reader.position();
        let count = read_length(reader, context, Width::Long)?;
        reader.leaf(
            "count",
            context.choose("int32", UNSIGNED_VARINT),
            start,
            || count.map_or("null".to_string(), |count| count.to_string()),
        );
        let Some(count) = count else {
            reader.say(Self::kind(context), || "null".to_string());
            return Ok(None);
        };
        let element = context.element();
        let mut array = reader.reserve(count, T::smallest(element))?;
        for index in 0..count {
            reader.enter_element(index);
            array.push(T::read(reader, element)?);
            reader.leave();
        }
        reader.say(Self::kind(context), || {
            format!("{count} of {}", T::kind(element))
        });
        Ok(Some(array))
    }

    fn write(&self, writer: &mut Writer, context: Context) {
        let count = self.as_ref().map(Vec::len);
        write_length(writer, context, Width::Long, count);
        for element in self.iter().flatten() {
            element.write(writer, context.element());
        }
    }

    fn sample(dice: &mut Dice<'_>, context: Context) -> Self {
        sample_option(dice, context, |dice| {
            let count = dice.count();
            (0..count)
                .map(|_| T::sample(dice, context.element()))
                .collect()
        })
    }
}

/// Writes a type that is never null as its nullable twin, which never meets a null.
macro_rules! never_null {
    ($([$($generics:tt)*] $type:ty;)*) => {$(
        impl<$($generics)*> Wire for $type {
            fn kind(context: Context) -> &'static str {
                Option::<$type>::kind(context.element())
            }

            fn smallest(context: Context) -> usize {
                Option::<$type>::smallest(context)
            }

            fn read(reader: &mut Reader<'_>, context: Context) -> Result<Self, Malformed> {
                let value = Option::<$type>::read(reader, context.element())?;
                Ok(value.expect("null is refused while reading"))
            }

            fn write(&self, writer: &mut Writer, context: Context) {
                Some(self.clone()).write(writer, context.element());
            }

            fn sample(dice: &mut Dice<'_>, context: Context) -> Self {
                let value = Option::<$type>::sample(dice, context.element());
                value.expect("null is refused while sampling")
            }
        }
    )*};
}

never_null! {
    [] Text;
    [] Bytes;
}

impl<T: Wire> Wire for Vec<T> {
    fn kind(context: Context) -> &'static str {
        Option::<Vec<T>>::kind(context.element())
    }

    fn smallest(context: Context) -> usize {
        Option::<Vec<T>>::smallest(context)
    }

    fn read(reader: &mut Reader<'_>, context: Context) -> Result<Self, Malformed> {
        let value = Option::<Vec<T>>::read(reader, context.element())?;
        Ok(value.expect("null is refused while reading"))
    }

    fn write(&self, writer: &mut Writer, context: Context) {
        write_length(writer, context.element(), Width::Long, Some(self.len()));
        for element in self {
            element.write(writer, context.element());
        }
    }

    fn sample(dice: &mut Dice<'_>, context: Context) -> Self {
        let value = Option::<Vec<T>>::sample(dice, context.element());
        value.expect("null is refused while sampling")
    }
}

fn sample_option<T>(
    dice: &mut Dice<'_>,
    context: Context,
    make: impl FnOnce(&mut Dice<'_>) -> T,
) -> Option<T> {
    match context.null {
        Null::Allowed if dice.below(4) == 0 => None,
        _ => Some(make(dice)),
    }
}

/// Bytes as lowercase hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes any text");
        text
    })
}
