//! Structures: how a list of declared fields is read, written, described and sampled.
//!
//! `messages!` leaves of each structure only what is its own: the list of its fields, and which of them is
//! the third. Everything that is done with the fields is done here, once, whatever the structure, so a
//! further API costs its table and little more.

use super::malformed::Malformed;
use super::reader::{Known, Reader};
use super::sample::Dice;
use super::wire::{Context, Wire};
use super::writer::Writer;

/// The versions in which something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    pub first: i16,
    pub last: i16,
}

impl Versions {
    /// In no version.
    pub const NONE: Versions = Versions { first: 1, last: 0 };

    pub fn contains(self, version: i16) -> bool {
        (self.first..=self.last).contains(&version)
    }
}

/// A structure as `messages!` was told of it.
#[derive(Debug)]
pub struct Declaration {
    pub name: &'static str,
    /// In the order of the wire; tagged ones in the order of their tags.
    pub fields: &'static [Declared],
}

/// A field as `messages!` was told of it.
#[derive(Debug)]
pub struct Declared {
    pub name: &'static str,
    /// The versions that have the field.
    pub versions: Versions,
    /// The versions in which it may be null.
    pub null: Versions,
    /// The number of a tagged field.
    pub tag: Option<u32>,
    /// It is what every message calls a code of an error.
    pub is_error_code: bool,
}

/// Whether every message calls a code of an error by this name.
pub const fn names_error_code(name: &str) -> bool {
    matches!(name.as_bytes(), b"error_code")
}

impl Declared {
    fn context(&self, context: Context) -> Context {
        match self.null.contains(context.version) {
            true => context.nullable(),
            false => context.element(),
        }
    }

    /// The version has the field, in the section where it stands.
    fn is_in(&self, version: i16, section: Section) -> bool {
        let own = match self.tag {
            None => Section::Plain,
            Some(_) => Section::Tagged,
        };
        own == section && self.versions.contains(version)
    }
}

/// Where in a structure a field stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    /// In its place, in every value.
    Plain,
    /// At the end, with its number before it, where it differs from its default.
    Tagged,
}

/// A list of fields.
pub trait Structure {
    fn declaration(&self) -> &'static Declaration;

    /// The field at a place of the declaration.
    fn field(&self, index: usize) -> &dyn Wire;

    /// The field at a place of the declaration.
    fn field_mut(&mut self, index: usize) -> &mut dyn Wire;

    /// That the field with this tag need not be written.
    fn is_default(&self, tag: u32) -> bool;
}

/// The fields of a section that a version has, each with its place.
fn fields(
    declaration: &'static Declaration,
    version: i16,
    section: Section,
) -> impl Iterator<Item = (usize, &'static Declared)> {
    let all = declaration.fields.iter().enumerate();
    all.filter(move |(_, field)| field.is_in(version, section))
}

pub fn smallest(structure: &dyn Structure, context: Context) -> usize {
    let plain = fields(structure.declaration(), context.version, Section::Plain);
    let plain = plain.map(|(index, _)| structure.field(index).smallest(context));
    usize::from(context.is_flexible()) + plain.sum::<usize>()
}

pub fn read(
    structure: &mut dyn Structure,
    reader: &mut Reader<'_>,
    context: Context,
) -> Result<(), Malformed> {
    let declaration = structure.declaration();
    for (index, field) in fields(declaration, context.version, Section::Plain) {
        reader.enter(field.name);
        if field.is_error_code {
            reader.heed_code();
        }
        structure
            .field_mut(index)
            .read(reader, field.context(context))?;
        reader.leave();
    }
    if context.is_flexible() {
        reader.tagged_fields(&mut |reader, tag| {
            let mut known = fields(declaration, context.version, Section::Tagged);
            let Some((index, field)) = known.find(|(_, field)| field.tag == Some(tag)) else {
                return Ok(Known::No);
            };
            reader.enter(field.name);
            structure
                .field_mut(index)
                .read(reader, field.context(context))?;
            reader.leave();
            Ok(Known::Yes)
        })?;
    }
    reader.say(declaration.name, String::new);
    Ok(())
}

pub fn write(structure: &dyn Structure, writer: &mut Writer, context: Context) {
    let declaration = structure.declaration();
    for (index, field) in fields(declaration, context.version, Section::Plain) {
        structure.field(index).write(writer, field.context(context));
    }
    if !context.is_flexible() {
        return;
    }
    let tagged = || {
        let tagged = fields(declaration, context.version, Section::Tagged);
        let tagged = tagged.filter_map(|(index, field)| Some((index, field, field.tag?)));
        tagged.filter(|(_, _, tag)| !structure.is_default(*tag))
    };
    writer.unsigned_varint(tagged().count() as u32);
    for (index, field, tag) in tagged() {
        writer.unsigned_varint(tag);
        writer.with_length(&mut |writer| {
            structure.field(index).write(writer, field.context(context));
        });
    }
}

pub fn sample(structure: &mut dyn Structure, dice: &mut Dice<'_>, context: Context) {
    for (index, field) in structure.declaration().fields.iter().enumerate() {
        if field.versions.contains(context.version) && (field.tag.is_none() || dice.yes()) {
            structure
                .field_mut(index)
                .sample(dice, field.context(context));
        }
    }
}

/// A structure is a field of what it is in.
macro_rules! wire_as_structure {
    ($name:ident) => {
        impl $crate::protocol::wire::Wire for $name {
            fn kind(&self, _: $crate::protocol::wire::Context) -> &'static str {
                stringify!($name)
            }

            fn smallest(&self, context: $crate::protocol::wire::Context) -> usize {
                $crate::protocol::structure::smallest(self, context)
            }

            fn read(
                &mut self,
                reader: &mut $crate::protocol::reader::Reader<'_>,
                context: $crate::protocol::wire::Context,
            ) -> Result<(), $crate::protocol::malformed::Malformed> {
                $crate::protocol::structure::read(self, reader, context)
            }

            fn write(
                &self,
                writer: &mut $crate::protocol::writer::Writer,
                context: $crate::protocol::wire::Context,
            ) {
                $crate::protocol::structure::write(self, writer, context);
            }

            fn sample(
                &mut self,
                dice: &mut $crate::protocol::sample::Dice<'_>,
                context: $crate::protocol::wire::Context,
            ) {
                $crate::protocol::structure::sample(self, dice, context);
            }
        }
    };
}

pub(super) use wire_as_structure;
