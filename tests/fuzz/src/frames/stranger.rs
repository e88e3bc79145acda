//! One connection, what was asked over it and what was answered.

use std::collections::VecDeque;

use kafka_playground::model::ProcessId;
use kafka_playground::protocol::{AnyRequest, AnyResponse, ApiKey, Chunks, FrameBuffer};
use kafka_playground::world::Command;

use super::cluster::Cluster;
use super::known::Known;

/// The largest request that brokers read, and the largest answer that is looked for.
const LARGEST: usize = 100 << 20;

/// A question that is to be answered.
#[derive(Clone, Debug)]
struct Asked {
    api: ApiKey,
    version: i16,
    correlation_id: i32,
}

/// Somebody with a connection.
pub struct Stranger {
    number: u16,
    /// What was said, as far as it is no whole frame yet; nothing when something was said that is no request, after
    /// which nobody listens.
    said: Option<FrameBuffer>,
    heard: FrameBuffer,
    asked: VecDeque<Asked>,
}

impl Stranger {
    /// One who is connected to the broker of the same number.
    pub fn new(number: u16) -> Stranger {
        Stranger {
            number,
            said: Some(FrameBuffer::new()),
            heard: FrameBuffer::new(),
            asked: VecDeque::new(),
        }
    }

    pub fn number(&self) -> u16 {
        self.number
    }

    fn id(&self) -> ProcessId {
        ProcessId::Socket(self.number)
    }

    /// Says something, if it is connected and may write on.
    pub fn say(&mut self, cluster: &mut Cluster, bytes: Chunks) {
        let written = cluster.perform(&Command::WriteSocket {
            socket: self.id(),
            bytes: bytes.to_bytes(),
        });
        if written {
            self.remember(bytes);
        }
    }

    fn remember(&mut self, bytes: Chunks) {
        let Some(said) = &mut self.said else {
            return;
        };
        said.push(bytes);
        loop {
            let frame = match said.next(LARGEST) {
                Ok(Some(frame)) => frame,
                Ok(None) => return,
                Err(_) => break,
            };
            let Ok((header, request)) = AnyRequest::decode(&frame) else {
                break;
            };
            let is_silent = matches!(&request, AnyRequest::Produce(produce) if produce.acks == 0);
            if is_silent {
                continue;
            }
            let api = request.api();
            let version = match api.versions().contains(&header.api_version) {
                true => header.api_version,
                // Only ApiVersions is answered in any version.
                false => 0,
            };
            let correlation_id = header.correlation_id;
            self.asked.push_back(Asked {
                api,
                version,
                correlation_id,
            });
        }
        self.said = None;
    }

    /// Reads what has come. Each answer is the one to the oldest question.
    pub fn listen(&mut self, cluster: &mut Cluster, known: &mut Known) {
        for bytes in cluster.take_received(self.id()) {
            self.heard.push(Chunks::from(bytes));
        }
        loop {
            let frame = self.heard.next(LARGEST).expect("an answer is a frame");
            let Some(frame) = frame else {
                return;
            };
            let asked = self.asked.pop_front().expect("nobody asked");
            let answer = AnyResponse::decode(asked.api, asked.version, &frame);
            let (id, answer) = answer.unwrap_or_else(|why| panic!("{asked:?}: {why:?}"));
            assert_eq!(id, asked.correlation_id, "{asked:?}");
            known.learn(self.number, answer);
        }
    }

    pub fn connect(&mut self, cluster: &mut Cluster, broker: u16) {
        self.leave(cluster);
        let to = ProcessId::Broker(broker).to_string().into();
        cluster.perform(&Command::OpenSocket {
            socket: self.id(),
            to,
            from: None,
        });
        *self = Stranger::new(self.number);
        // The wish for a connection has to arrive.
        cluster.run(super::PAUSE);
    }

    pub fn leave(&mut self, cluster: &mut Cluster) {
        cluster.perform(&Command::CloseSocket { socket: self.id() });
        cluster.take_received(self.id());
    }
}
