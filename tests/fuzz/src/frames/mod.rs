//! A cluster of real brokers, and strangers who say whatever they like over their connections.
//!
//! The input is a list of acts: frames, bytes that are none, time that passes, connections that end, brokers that die
//! and come back. After every step every law of the checker holds. What a broker answers is an answer, in the order of
//! the questions. And when the strangers are gone, a client that has nothing to do with them writes a record, and
//! another reads it and so does a group: in a topic that was there before, unless it was changed in a way in which
//! anybody may change topics. And in a new one it is written and read too.
//!
//! - `cluster`: the world, watched;
//! - `stranger`: one connection, what was asked over it and what was answered;
//! - `known`: what only the cluster can tell, filled in where a stranger could know it.

mod cluster;
mod known;
mod stranger;

use kafka_playground::protocol::{AnyRequest, ApiKey, Audience, Chunks, Dice};
use kafka_playground::time::Duration;

use cluster::Cluster;
use known::Known;
use stranger::Stranger;

/// What stands between two acts.
pub const BETWEEN: [u8; 2] = [0xfa, 0xce];

/// What strangers do. The first byte of an act says it, and which of them does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Sends a frame, which stands here without its size. Where it is a request, what is known is filled in.
    Ask,
    /// Sends a request that is made of the place of an API in the table, its version, and choices.
    Choose,
    /// Sends a frame as it stands here.
    Frame,
    /// Sends bytes.
    Bytes,
    /// Lets so many milliseconds pass.
    Wait,
    /// Closes its connection and connects to a broker.
    Connect,
    /// Kills a broker, if all others live, or starts the dead one.
    Kill,
}

impl Act {
    pub const ALL: [Act; 7] = [
        Act::Ask,
        Act::Choose,
        Act::Frame,
        Act::Bytes,
        Act::Wait,
        Act::Connect,
        Act::Kill,
    ];

    /// The first byte of an act of this kind of one of the strangers.
    #[allow(dead_code)]
    pub fn byte(self, stranger: u8) -> u8 {
        let kind = Act::ALL.iter().position(|act| *act == self);
        let kinds = Act::ALL.len() as u8;
        stranger * kinds + kind.expect("it is one of them") as u8
    }
}

/// Not more acts than this are looked at.
const ACTS: usize = 40;
/// Nor is the world run for more steps than this while strangers act.
const STEPS: u64 = 12_000;
/// Between two acts there is time for an answer.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks at acts.
///
/// # Panics
/// When something does not hold.
pub fn look(data: &[u8]) {
    let mut cluster = Cluster::new();
    let mut strangers = [1, 2, 3].map(Stranger::new);
    let mut known = Known::default();
    for act in acts(data).take(ACTS) {
        let Some((first, rest)) = act.split_first() else {
            continue;
        };
        let kinds = Act::ALL.len();
        let kind = Act::ALL[usize::from(*first) % kinds];
        let stranger = &mut strangers[usize::from(*first) / kinds % 3];
        perform(&mut cluster, stranger, &known, kind, rest);
        for stranger in &mut strangers {
            stranger.listen(&mut cluster, &mut known);
        }
        if cluster.steps() > STEPS {
            break;
        }
    }
    for stranger in &mut strangers {
        stranger.leave(&mut cluster);
    }
    cluster.is_of_use();
}

/// The pieces between [`BETWEEN`].
fn acts(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(data);
    std::iter::from_fn(move || {
        let left = rest?;
        let at = left.windows(2).position(|two| two == BETWEEN);
        let (act, behind) = match at {
            Some(at) => (&left[..at], Some(&left[at + 2..])),
            None => (left, None),
        };
        rest = behind;
        Some(act)
    })
}

fn perform(
    cluster: &mut Cluster,
    stranger: &mut Stranger,
    known: &Known,
    act: Act,
    content: &[u8],
) {
    let (first, second) = (content.first().copied(), content.get(1).copied());
    let (first, second) = (first.unwrap_or(0), second.unwrap_or(0));
    match act {
        Act::Ask => {
            let frame = Chunks::from(content.to_vec());
            let bytes = match AnyRequest::decode(&frame) {
                Ok((header, mut request)) => {
                    known.fill(&mut request, stranger.number(), cluster);
                    let client = header.client_id.as_deref();
                    request.encode(header.api_version, header.correlation_id, client)
                }
                Err(_) => with_size(content),
            };
            stranger.say(cluster, bytes);
        }
        Act::Choose => {
            let apis = ApiKey::ALL.iter().copied();
            let apis: Vec<ApiKey> = apis
                .filter(|api| api.audience() == Audience::Clients)
                .collect();
            let api = apis[usize::from(first) % apis.len()];
            let (oldest, newest) = (*api.versions().start(), *api.versions().end());
            let version = oldest + i16::from(second) % (newest - oldest + 1);
            let choices = content.get(2..).unwrap_or_default().chunks(2);
            let choices =
                choices.map(|two| two.iter().fold(0, |n, byte| n << 8 | u32::from(*byte)));
            let choices: Vec<u32> = choices.collect();
            let mut request = AnyRequest::sample(api, version, &mut Dice::new(&choices));
            known.fill(&mut request, stranger.number(), cluster);
            stranger.say(cluster, request.encode(version, 1, Some("s")));
        }
        Act::Frame => stranger.say(cluster, with_size(content)),
        Act::Bytes => stranger.say(cluster, Chunks::from(content.to_vec())),
        Act::Wait => {
            let millis = u64::from(first) << 8 | u64::from(second);
            cluster.run(Duration::from_millis(millis % 15_000));
        }
        Act::Connect => stranger.connect(cluster, u16::from(first) % 3 + 1),
        Act::Kill => cluster.kill(u16::from(first) % 3 + 1),
    }
    cluster.run(PAUSE);
}

fn with_size(body: &[u8]) -> Chunks {
    let size = u32::try_from(body.len()).expect("it is short");
    Chunks::from([&size.to_be_bytes()[..], body].concat())
}
