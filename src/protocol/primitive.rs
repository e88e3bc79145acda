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

/// How many bytes text may have: in the older layout no more can be said, and in the flexible one Kafka refuses to
/// read more.
const LONGEST_TEXT: usize = i16::MAX as usize;

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
            fn kind(&self, _: Context) -> &'static str {
                $kind
            }

            fn smallest(&self, _: Context) -> usize {
                size_of::<$type>()
            }

            fn read(&mut self, reader: &mut Reader<'_>, _: Context) -> Result<(), Malformed> {
                *self = <$type>::from_be_bytes(reader.array()?);
                reader.say($kind, || self.to_string());
                Ok(())
            }

            fn write(&self, writer: &mut Writer, _: Context) {
                writer.put(&self.to_be_bytes());
            }

            fn sample(&mut self, dice: &mut Dice<'_>, _: Context) {
                *self = dice.integer() as $type;
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
    fn kind(&self, _: Context) -> &'static str {
        "bool"
    }

    fn smallest(&self, _: Context) -> usize {
        1
    }

    /// Any byte but 0 is true, as in Kafka.
    fn read(&mut self, reader: &mut Reader<'_>, _: Context) -> Result<(), Malformed> {
        let [byte] = reader.array()?;
        *self = byte != 0;
        reader.say("bool", || self.to_string());
        Ok(())
    }

    fn write(&self, writer: &mut Writer, _: Context) {
        writer.put(&[u8::from(*self)]);
    }

    fn sample(&mut self, dice: &mut Dice<'_>, _: Context) {
        *self = dice.below(2) == 1;
    }
}

impl Wire for TopicId {
    fn kind(&self, _: Context) -> &'static str {
        "uuid"
    }

    fn smallest(&self, _: Context) -> usize {
        16
    }

    fn read(&mut self, reader: &mut Reader<'_>, _: Context) -> Result<(), Malformed> {
        *self = TopicId(reader.array()?);
        reader.say("uuid", || hex(&self.0));
        Ok(())
    }

    fn write(&self, writer: &mut Writer, _: Context) {
        writer.put(&self.0);
    }

    fn sample(&mut self, dice: &mut Dice<'_>, _: Context) {
        let (high, low) = (dice.integer(), dice.integer());
        self.0[..8].copy_from_slice(&high.to_be_bytes());
        self.0[8..].copy_from_slice(&low.to_be_bytes());
    }
}

fn text_kind(context: Context) -> &'static str {
    match context.null {
        Null::Allowed => context.choose("nullable string", "nullable compact string"),
        Null::Refused => context.choose("string", "compact string"),
    }
}

fn read_text(reader: &mut Reader<'_>, context: Context) -> Result<Option<Text>, Malformed> {
    let length = read_length(reader, context, Width::Short)?;
    if length.is_some_and(|length| length > LONGEST_TEXT) {
        return Err(reader.malformed(Reason::LongText));
    }
    let text = length.map(|length| reader.text(length)).transpose()?;
    reader.say(text_kind(context), || match &text {
        Some(text) => format!("{text:?}"),
        None => "null".to_string(),
    });
    Ok(text)
}

/// Text that is too long to be read again is cut.
fn write_text(text: Option<&str>, writer: &mut Writer, context: Context) {
    let text = text.map(|text| cut(text, LONGEST_TEXT));
    write_length(writer, context, Width::Short, text.map(str::len));
    writer.put(text.unwrap_or_default().as_bytes());
}

fn sample_text(dice: &mut Dice<'_>) -> Text {
    let mut text = String::new();
    for _ in 0..dice.length() {
        text.push(dice.letter());
    }
    text.into()
}

/// The longest beginning of `text` that has at most `limit` bytes.
fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

fn bytes_kind(context: Context) -> &'static str {
    match context.null {
        Null::Allowed => context.choose("nullable bytes", "nullable compact bytes"),
        Null::Refused => context.choose("bytes", "compact bytes"),
    }
}

/// Bytes are copied out of the frame, so that keeping them does not keep the frame.
fn read_bytes(reader: &mut Reader<'_>, context: Context) -> Result<Option<Bytes>, Malformed> {
    let length = read_length(reader, context, Width::Long)?;
    let bytes = length.map(|length| reader.copy(length)).transpose()?;
    reader.say(bytes_kind(context), || match &bytes {
        Some(bytes) => hex(bytes),
        None => "null".to_string(),
    });
    Ok(bytes.map(Bytes::from))
}

fn write_bytes(bytes: Option<&[u8]>, writer: &mut Writer, context: Context) {
    write_length(writer, context, Width::Long, bytes.map(<[u8]>::len));
    writer.put(bytes.unwrap_or_default());
}

fn sample_bytes(dice: &mut Dice<'_>) -> Bytes {
    (0..dice.length()).map(|_| dice.integer() as u8).collect()
}

/// A type of variable length, and the same where it may be null.
macro_rules! variable {
    ($($type:ty, $width:expr, $kind:ident, $read:ident, $write:ident, $sample:ident;)*) => {$(
        impl Wire for Option<$type> {
            fn kind(&self, context: Context) -> &'static str {
                $kind(context)
            }

            fn smallest(&self, context: Context) -> usize {
                $width.smallest(context)
            }

            fn read(&mut self, reader: &mut Reader<'_>, context: Context) -> Result<(), Malformed> {
                *self = $read(reader, context)?;
                Ok(())
            }

            fn write(&self, writer: &mut Writer, context: Context) {
                $write(self.as_deref(), writer, context);
            }

            fn sample(&mut self, dice: &mut Dice<'_>, context: Context) {
                *self = dice.some(context).then(|| $sample(dice));
            }
        }

        impl Wire for $type {
            fn kind(&self, context: Context) -> &'static str {
                $kind(context.element())
            }

            fn smallest(&self, context: Context) -> usize {
                $width.smallest(context)
            }

            fn read(&mut self, reader: &mut Reader<'_>, context: Context) -> Result<(), Malformed> {
                let value = $read(reader, context.element())?;
                *self = value.expect("null is refused while reading");
                Ok(())
            }

            fn write(&self, writer: &mut Writer, context: Context) {
                $write(Some(self), writer, context.element());
            }

            fn sample(&mut self, dice: &mut Dice<'_>, _: Context) {
                *self = $sample(dice);
            }
        }
    )*};
}

variable! {
    Text, Width::Short, text_kind, read_text, write_text, sample_text;
    Bytes, Width::Long, bytes_kind, read_bytes, write_bytes, sample_bytes;
}

/// Records are shared with the frame: what a replica appends is what arrived.
impl Wire for Option<Chunks> {
    fn kind(&self, context: Context) -> &'static str {
        context.choose("records", "compact records")
    }

    fn smallest(&self, context: Context) -> usize {
        Width::Long.smallest(context)
    }

    fn read(&mut self, reader: &mut Reader<'_>, context: Context) -> Result<(), Malformed> {
        let start = reader.position();
        let length = read_length(reader, context, Width::Long)?;
        *self = length.map(|length| reader.share(length)).transpose()?;
        reader.say(self.kind(context), || match self {
            Some(records) => format!("{} bytes", records.len()),
            None => "null".to_string(),
        });
        let content = reader.position() - self.as_ref().map_or(0, Chunks::len);
        let kind = context.choose("int32", UNSIGNED_VARINT);
        super::describe::records(reader, kind, start..content, self.as_ref());
        Ok(())
    }

    fn write(&self, writer: &mut Writer, context: Context) {
        let length = self.as_ref().map(Chunks::len);
        write_length(writer, context, Width::Long, length);
        if let Some(records) = self {
            writer.share(records);
        }
    }

    fn sample(&mut self, dice: &mut Dice<'_>, context: Context) {
        *self = dice.some(context).then(|| Chunks::from(sample_bytes(dice)));
    }
}

/// An array of whatever: what is done with arrays is done once.
trait Elements {
    /// Forgets all elements and makes room for `count`.
    fn make_room(&mut self, count: usize);

    /// Adds a default.
    fn add(&mut self) -> &mut dyn Wire;

    /// The name of an element's layout, and the length of its shortest value.
    fn kind(&self, context: Context) -> &'static str;
    fn smallest(&self, context: Context) -> usize;

    /// How much memory an element takes, not counting what it refers to.
    fn size(&self) -> usize;

    fn length(&self) -> usize;

    fn at(&self, index: usize) -> &dyn Wire;
}

impl<T: Wire + Default + 'static> Elements for Vec<T> {
    fn make_room(&mut self, count: usize) {
        *self = Vec::with_capacity(count);
    }

    fn add(&mut self) -> &mut dyn Wire {
        self.push(T::default());
        self.last_mut().expect("an element was added")
    }

    fn kind(&self, context: Context) -> &'static str {
        T::default().kind(context)
    }

    fn smallest(&self, context: Context) -> usize {
        T::default().smallest(context)
    }

    fn size(&self) -> usize {
        size_of::<T>()
    }

    fn length(&self) -> usize {
        self.len()
    }

    fn at(&self, index: usize) -> &dyn Wire {
        &self[index]
    }
}

fn array_kind(context: Context) -> &'static str {
    match context.null {
        Null::Allowed => context.choose("nullable array", "nullable compact array"),
        Null::Refused => context.choose("array", "compact array"),
    }
}

/// Reads an array; false if it is null.
fn read_array(
    array: &mut dyn Elements,
    reader: &mut Reader<'_>,
    context: Context,
) -> Result<bool, Malformed> {
    let start = reader.position();
    let count = read_length(reader, context, Width::Long)?;
    reader.leaf(
        "count",
        context.choose("int32", UNSIGNED_VARINT),
        start,
        || count.map_or("null".to_string(), |count| count.to_string()),
    );
    let Some(count) = count else {
        reader.say(array_kind(context), || "null".to_string());
        return Ok(false);
    };
    let element = context.element();
    if count > 0 {
        reader.admit(count, array.smallest(element), array.size())?;
        array.make_room(count);
    }
    for index in 0..count {
        reader.enter_element(index);
        array.add().read(reader, element)?;
        reader.leave();
    }
    reader.say(array_kind(context), || {
        format!("{count} of {}", array.kind(element))
    });
    Ok(true)
}

fn write_array(array: &dyn Elements, writer: &mut Writer, context: Context) {
    write_length(writer, context, Width::Long, Some(array.length()));
    for index in 0..array.length() {
        array.at(index).write(writer, context.element());
    }
}

fn sample_array(array: &mut dyn Elements, dice: &mut Dice<'_>, context: Context) {
    for _ in 0..dice.count() {
        array.add().sample(dice, context.element());
    }
}

impl<T: Wire + Default + 'static> Wire for Option<Vec<T>> {
    fn kind(&self, context: Context) -> &'static str {
        array_kind(context)
    }

    fn smallest(&self, context: Context) -> usize {
        Width::Long.smallest(context)
    }

    fn read(&mut self, reader: &mut Reader<'_>, context: Context) -> Result<(), Malformed> {
        let mut array = Vec::<T>::new();
        *self = read_array(&mut array, reader, context)?.then_some(array);
        Ok(())
    }

    fn write(&self, writer: &mut Writer, context: Context) {
        match self {
            Some(array) => write_array(array, writer, context),
            None => write_length(writer, context, Width::Long, None),
        }
    }

    fn sample(&mut self, dice: &mut Dice<'_>, context: Context) {
        *self = dice.some(context).then(Vec::new);
        if let Some(array) = self {
            sample_array(array, dice, context);
        }
    }
}

impl<T: Wire + Default + 'static> Wire for Vec<T> {
    fn kind(&self, context: Context) -> &'static str {
        array_kind(context.element())
    }

    fn smallest(&self, context: Context) -> usize {
        Width::Long.smallest(context)
    }

    fn read(&mut self, reader: &mut Reader<'_>, context: Context) -> Result<(), Malformed> {
        let there = read_array(self, reader, context.element())?;
        assert!(there, "null is refused while reading");
        Ok(())
    }

    fn write(&self, writer: &mut Writer, context: Context) {
        write_array(self, writer, context.element());
    }

    fn sample(&mut self, dice: &mut Dice<'_>, context: Context) {
        sample_array(self, dice, context);
    }
}

/// Bytes as lowercase hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes any text");
        text
    })
}
