//! Links that carry a script: a script in an address.
//!
//! `s=1.` and then the script, deflated, in the alphabet of base64 that addresses may hold; behind the address of the
//! sandbox and a `#` it opens there. The number is the format's version; what a newer app wrote is refused with a
//! sentence. Reading never trusts the length that the bytes promise: a script has at most one mebibyte.

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use super::MOST_BYTES;
use crate::base64;

/// The version that is written.
const VERSION: &str = "1";
/// How hard to try: links are to be short.
const LEVEL: u8 = 9;
/// A link longer than this is not offered; browsers and chats cut it.
pub const MOST_LINK: usize = 8 * 1_024;

/// Why a link cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damaged {
    Incomplete,
    Newer,
}

impl Damaged {
    pub fn sentence(&self) -> &'static str {
        match self {
            Damaged::Incomplete => "This link is incomplete. It may have been cut when pasted.",
            Damaged::Newer => "This link was made with a newer version.",
        }
    }
}

/// A script as the fragment of an address, without the `#`.
pub fn pack(script: &str) -> String {
    let bytes = compress_to_vec(script.as_bytes(), LEVEL);
    format!("s={VERSION}.{}", base64::encode(&bytes))
}

/// The script in a fragment. `None`: the fragment is something else.
pub fn unpack(fragment: &str) -> Option<Result<String, Damaged>> {
    let packed = fragment.strip_prefix("s=")?;
    Some(open(packed))
}

fn open(packed: &str) -> Result<String, Damaged> {
    let (version, packed) = packed.split_once('.').ok_or(Damaged::Incomplete)?;
    match version.parse::<u32>() {
        Ok(1) => {}
        Ok(newer) if newer > 1 => return Err(Damaged::Newer),
        _ => return Err(Damaged::Incomplete),
    }
    let bytes = base64::decode(packed).ok_or(Damaged::Incomplete)?;
    let bytes =
        decompress_to_vec_with_limit(&bytes, MOST_BYTES).map_err(|_| Damaged::Incomplete)?;
    let script = String::from_utf8(bytes).map_err(|_| Damaged::Incomplete)?;
    match script.is_empty() {
        true => Err(Damaged::Incomplete),
        false => Ok(script),
    }
}
