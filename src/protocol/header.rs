//! What stands before a body: who asks what, and which question an answer belongs to.

use super::ApiKey;
use super::malformed::Malformed;
use super::reader::{Known, Reader};
use super::wire::{Context, Wire};
use super::writer::Writer;
use crate::model::Text;

/// The beginning of every request.
///
/// Its own version is not on the wire but follows from the API and version it names: 2, with a
/// section of tagged fields at its end, if the body is flexible, else 1; and 0, without a client id,
/// for the first version of ControlledShutdown alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHeader {
    /// The API's number. Known ones are [`ApiKey`]s.
    pub api_key: i16,
    pub api_version: i16,
    /// The client's number for this request, which the answer repeats. Any number is allowed, also
    /// the same one twice.
    pub correlation_id: i32,
    /// A name the client gives itself, for logs and quotas.
    pub client_id: Option<Text>,
}

impl RequestHeader {
    /// Reads a header. An unknown API is not an error here, though its header may be longer than
    /// what is read.
    pub fn decode(reader: &mut Reader<'_>) -> Result<RequestHeader, Malformed> {
        // The client id has the older layout in every version, so that a broker can read the header
        // of a request that is newer than itself.
        let context = Context::new(0, i16::MAX);
        reader.enter("header");
        let api_key = field(reader, "api_key", context)?;
        let api_version = field(reader, "api_version", context)?;
        let correlation_id = field(reader, "correlation_id", context)?;
        let version =
            ApiKey::from_i16(api_key).map_or(1, |api| api.request_header_version(api_version));
        let client_id = match version {
            0 => None,
            _ => field(reader, "client_id", context.nullable())?,
        };
        if version >= 2 {
            reader.tagged_fields(&mut |_, _| Ok(Known::No))?;
        }
        reader.say("RequestHeader", || format!("version {version}"));
        reader.leave();
        Ok(RequestHeader {
            api_key,
            api_version,
            correlation_id,
            client_id,
        })
    }

    /// Writes the header for the API and version it names.
    pub fn encode(&self, writer: &mut Writer) {
        let context = Context::new(0, i16::MAX);
        self.api_key.write(writer, context);
        self.api_version.write(writer, context);
        self.correlation_id.write(writer, context);
        let version = self
            .api()
            .map_or(1, |api| api.request_header_version(self.api_version));
        if version >= 1 {
            self.client_id.write(writer, context.nullable());
        }
        if version >= 2 {
            writer.unsigned_varint(0);
        }
    }

    /// The API, if it is one of ours.
    pub fn api(&self) -> Option<ApiKey> {
        ApiKey::from_i16(self.api_key)
    }
}

/// Reads the header of a response: the correlation id.
pub(super) fn decode_response_header(
    reader: &mut Reader<'_>,
    api: ApiKey,
    api_version: i16,
) -> Result<i32, Malformed> {
    let version = api.response_header_version(api_version);
    reader.enter("header");
    let correlation_id = field(reader, "correlation_id", Context::new(0, i16::MAX))?;
    if version >= 1 {
        reader.tagged_fields(&mut |_, _| Ok(Known::No))?;
    }
    reader.say("ResponseHeader", || format!("version {version}"));
    reader.leave();
    Ok(correlation_id)
}

pub(super) fn encode_response_header(
    writer: &mut Writer,
    api: ApiKey,
    api_version: i16,
    correlation_id: i32,
) {
    writer.put(&correlation_id.to_be_bytes());
    if api.response_header_version(api_version) >= 1 {
        writer.unsigned_varint(0);
    }
}

fn field<T: Wire + Default>(
    reader: &mut Reader<'_>,
    name: &'static str,
    context: Context,
) -> Result<T, Malformed> {
    let mut value = T::default();
    reader.enter(name);
    value.read(reader, context)?;
    reader.leave();
    Ok(value)
}
