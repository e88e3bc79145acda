//! The reader, on bytes that are cut in every way.

use super::*;

/// What was read, the field that an error would name now, and the place.
type Outcome = Result<(String, Malformed), Malformed>;

type Read = fn(&mut Reader<'_>) -> Result<String, Malformed>;

fn read(mut reader: Reader<'_>, read: Read) -> Outcome {
    let value = read(&mut reader)?;
    // A trailing byte is not what is asked here: where the reader stands is.
    Ok((value, reader.malformed(Reason::TrailingBytes)))
}

/// The bytes in as many pieces as `cuts` has bits, and one more.
fn pieces(bytes: &[u8], cuts: u32) -> Chunks {
    let mut found = Chunks::new();
    let mut from = 0;
    for at in 1..=bytes.len() {
        if at == bytes.len() || cuts & (1 << (at - 1)) != 0 {
            found.push(Bytes::copy_from_slice(&bytes[from..at]));
            from = at;
        }
    }
    found
}

fn tags(reader: &mut Reader<'_>) -> Result<String, Malformed> {
    reader.field = "before";
    let mut known = Vec::new();
    reader.tagged_fields(&mut |reader, tag| match tag {
        1 => {
            known.extend(reader.array::<2>()?);
            Ok(Known::Yes)
        }
        _ => Ok(Known::No),
    })?;
    Ok(format!("{known:?}"))
}

fn tags_within(reader: &mut Reader<'_>, length: usize) -> Result<String, Malformed> {
    let inner = reader.within(length, tags)?;
    let [next] = reader.array()?;
    Ok(format!("{inner} then {next}"))
}

fn error(reason: Reason, field: &'static str, at: usize) -> Outcome {
    Err(Malformed { reason, field, at })
}

fn fine(value: &str, field: &'static str, at: usize) -> Outcome {
    let here = Malformed {
        reason: Reason::TrailingBytes,
        field,
        at,
    };
    Ok((value.to_owned(), here))
}

/// Whoever reads, on the quick road or on the one that keeps a trace, finds the same, however the bytes came.
#[test]
fn where_a_piece_ends_makes_no_difference() {
    use Reason::{NotUtf8, OverlongInteger, TrailingBytes, Truncated};
    let table: &[(&[u8], Read, Outcome)] = &[
        // No tagged fields: the last byte of all, one before others, and none at all.
        (&[0], tags, fine("[]", "count", 1)),
        (&[0, 9], tags, fine("[]", "count", 1)),
        (&[], tags, error(Truncated, "count", 0)),
        // The last byte before the end of a part, which may be the end of a piece too.
        (
            &[0, 9],
            |r| tags_within(r, 1),
            fine("[] then 9", "count", 2),
        ),
        (
            &[0, 9],
            |r| tags_within(r, 2),
            error(TrailingBytes, "count", 1),
        ),
        (&[0, 9], |r| tags_within(r, 0), error(Truncated, "count", 0)),
        (&[0], |r| tags_within(r, 1), error(Truncated, "count", 1)),
        (&[0], |r| tags_within(r, 2), error(Truncated, "", 0)),
        // One that is known, and one that is not.
        (
            &[2, 1, 2, 7, 8, 5, 1, 9, 0],
            |r| Ok(tags(r)? + &tags(r)?),
            fine("[7, 8][]", "count", 9),
        ),
        (&[1, 1, 2, 7], tags, error(Truncated, "size", 3)),
        (&[1, 1, 3, 7, 8, 9], tags, error(TrailingBytes, "size", 5)),
        (&[1, 5, 0x80], tags, error(Truncated, "size", 3)),
        (
            &[1, 0xff, 0xff, 0xff, 0xff, 0xff],
            tags,
            error(OverlongInteger, "tag", 6),
        ),
        // Bytes that are passed over, and what is behind them.
        (
            &[1, 2, 3, 4],
            |r| {
                r.skip(3)?;
                Ok(format!("{:?}", r.array::<1>()?))
            },
            fine("[4]", "", 4),
        ),
        (
            &[1, 2, 3],
            |r| {
                r.skip(3)?;
                r.skip(0)?;
                Ok(format!("{:?}", r.share(0)?.to_vec()))
            },
            fine("[]", "", 3),
        ),
        (
            &[1, 2, 3],
            |r| r.skip(4).map(|()| String::new()),
            error(Truncated, "", 0),
        ),
        (
            &[1, 2, 3],
            |r| r.within(2, |r| r.skip(3)).map(|()| String::new()),
            error(Truncated, "", 0),
        ),
        // Bytes that are shared.
        (
            &[1, 2, 3, 4, 5],
            |r| {
                r.skip(1)?;
                let (bytes, chunks) = (r.shared_bytes(2)?, r.share(2)?);
                Ok(format!("{:?} {:?}", bytes.to_vec(), chunks.to_vec()))
            },
            fine("[2, 3] [4, 5]", "", 5),
        ),
        (
            &[1, 2],
            |r| r.within(1, |r| r.shared_bytes(2)).map(|_| String::new()),
            error(Truncated, "", 0),
        ),
        // Text, of which a letter may be cut in two.
        (
            "a\u{e9}\u{20ac}z".as_bytes(),
            |r| Ok(format!("{}|{}|{}", r.text(6)?, r.text(1)?, r.text(0)?)),
            fine("a\u{e9}\u{20ac}|z|", "", 7),
        ),
        (
            "a\u{e9}z".as_bytes(),
            |r| Ok(r.text(2)?.to_string()),
            error(NotUtf8, "", 2),
        ),
        (
            &[b'a', 0xff],
            |r| Ok(r.text(2)?.to_string()),
            error(NotUtf8, "", 2),
        ),
        (
            b"ab",
            |r| Ok(r.text(3)?.to_string()),
            error(Truncated, "", 0),
        ),
        (
            b"ab",
            |r| r.within(1, |r| r.text(2)).map(|text| text.to_string()),
            error(Truncated, "", 0),
        ),
    ];
    for (number, (bytes, reads, expected)) in table.iter().enumerate() {
        for cuts in 0..1 << bytes.len().saturating_sub(1) {
            let chunks = pieces(bytes, cuts);
            assert_eq!(chunks.to_vec(), *bytes);
            let quick = read(Reader::new(&chunks), *reads);
            assert_eq!(quick, *expected, "row {number}, cuts {cuts:b}");
            let slow = read(Reader::traced(&chunks, "message"), *reads);
            assert_eq!(slow, *expected, "row {number}, cuts {cuts:b}, traced");
        }
    }
}
