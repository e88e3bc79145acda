//! Why bytes are not what they claim to be.
//!
//! A broker answers malformed bytes by closing the connection, never by a panic and never by taking
//! memory for what is only promised. A well-formed request with a bad value is another matter: that
//! is answered with an error code.

use std::fmt;

/// Bytes that are not a message: what is wrong, in which field, how far from the start.
///
/// The position counts from the first byte given to the decoder; for a frame, from the first byte
/// after its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    pub reason: Reason,
    /// The innermost field that was being read, or "" outside every field.
    pub field: &'static str,
    pub at: usize,
}

/// The ways in which bytes can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The bytes end before the value does.
    Truncated,
    /// Bytes are left over behind a complete value.
    TrailingBytes,
    /// A size or a count below zero where none may be.
    NegativeLength,
    /// A variable-length integer longer than its type, or too large for it.
    OverlongInteger,
    /// An array claims more elements than the bytes left could hold.
    ImpossibleCount,
    /// Decoding would take more than 64 bytes of memory for each byte of the frame.
    Amplified,
    /// Null where this version of the message allows none.
    Null,
    /// Text of more than 32767 bytes.
    LongText,
    /// Text that is not UTF-8.
    NotUtf8,
    /// A frame size of zero, below zero or above the receiver's limit.
    FrameSize,
    /// An API key that nobody serves here.
    UnknownApi,
    /// A version of a known API that is not served here.
    UnsupportedVersion,
    /// The answer to another request than the one it is read for.
    OtherCorrelation,
    /// Records in the format of magic 0 or 1, which were before batches.
    OldMagic,
    /// A record batch of a magic that Kafka has not defined.
    UnknownMagic,
    /// A batch whose checksum is not that of its bytes.
    ChecksumMismatch,
    /// A batch whose header contradicts itself or its records.
    InvalidBatch,
    /// A record that does not fit into its batch.
    InvalidRecord,
    /// A codec number that Kafka does not define.
    UnknownCodec,
    /// Compressed bytes that do not decompress.
    Undecompressable,
    /// Compressed bytes that would grow beyond the reader's limit.
    InflatesTooFar,
}

impl Malformed {
    /// Bytes that are wrong at a place, outside every field.
    pub fn new(reason: Reason, at: usize) -> Malformed {
        Malformed {
            reason,
            field: "",
            at,
        }
    }
}

impl Reason {
    /// What is wrong, as the rest of a sentence about the bytes.
    pub fn text(self) -> &'static str {
        match self {
            Reason::Truncated => "end too early",
            Reason::TrailingBytes => "go on behind the end of the message",
            Reason::NegativeLength => "hold a length below zero",
            Reason::OverlongInteger => "hold an integer too long for its type",
            Reason::ImpossibleCount => "claim more elements than can follow",
            Reason::Amplified => "would take far more memory than they are long",
            Reason::Null => "hold null where none is allowed",
            Reason::LongText => "hold text of more than 32767 bytes",
            Reason::NotUtf8 => "hold text that is not UTF-8",
            Reason::FrameSize => "announce a frame of an impossible size",
            Reason::UnknownApi => "ask for an unknown API",
            Reason::UnsupportedVersion => "ask for a version that is not served",
            Reason::OtherCorrelation => "answer another request",
            Reason::OldMagic => "hold records of a format from before Kafka 0.11",
            Reason::UnknownMagic => "hold a record batch of an unknown format",
            Reason::ChecksumMismatch => "do not match their checksum",
            Reason::InvalidBatch => "hold a record batch that contradicts itself",
            Reason::InvalidRecord => "hold a record that does not fit its batch",
            Reason::UnknownCodec => "name an unknown compression codec",
            Reason::Undecompressable => "do not decompress",
            Reason::InflatesTooFar => "would decompress to more than is allowed",
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the bytes {} (at byte {}", self.reason.text(), self.at)?;
        if !self.field.is_empty() {
            write!(f, ", in {}", self.field)?;
        }
        f.write_str(")")
    }
}

impl std::error::Error for Malformed {}
