//! What is on the wire can be read, also what waits for a disk.

use super::super::wire::{Frames, answer};
use super::*;
use crate::protocol::api::{FetchRequest, ProduceRequest};

/// Reads every answer to a Produce and every Fetch of a replica, as laws do.
#[derive(Clone, Debug, Default)]
struct Reader {
    fetches: Frames,
    answers: u32,
    requests: u32,
}

impl Invariant for Reader {
    fn name(&self) -> &'static str {
        "Reader"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        self.fetches
            .follow(view.world, entry, |api| api == ApiKey::Fetch);
        if entry.at == Instant::ZERO {
            // The beginning of the world this law sees late.
            return Ok(());
        }
        match &entry.fact {
            Fact::ResponseSent {
                connection,
                api: ApiKey::Produce,
                version,
                correlation_id: id,
            } => {
                let told = answer::<ProduceRequest>(view.world, *connection, *version, *id);
                let told = told.ok_or_else(|| format!("answer {id} cannot be read"))?;
                self.answers += told.responses.len() as u32;
            }
            Fact::RequestSent {
                connection,
                api: ApiKey::Fetch,
                correlation_id: id,
                ..
            } => {
                let request = self.fetches.get(*connection, *id);
                request.ok_or_else(|| format!("request {id} cannot be read"))?;
                self.requests += 1;
            }
            Fact::ResponseSent {
                connection,
                api: ApiKey::Fetch,
                version,
                correlation_id: id,
            } => {
                let told = answer::<FetchRequest>(view.world, *connection, *version, *id);
                told.ok_or_else(|| format!("answer {id} cannot be read"))?;
            }
            _ => {}
        }
        Ok(())
    }
}

#[test]
fn what_waits_for_a_slow_disk_is_read_as_soon_as_it_is_said() {
    let script = |disks: &str| {
        format!(
            "world brokers=3 seed=1 latency=1ms\ntopic orders partitions=1 replicas=1,2,3\n\
             producer p1 acks=all\nrun 1s\n{disks}\
             load p1 orders every=20ms\nrun 3s\n"
        )
    };
    let read = |disks: &str| {
        let law = Watched::<Reader>::run(&script(disks)).law.law;
        (law.answers, law.requests)
    };
    let (answers, requests) = read("disk b1 slow=30ms\ndisk b2 slow=50ms\n");
    assert!(answers > 20 && requests > 20, "{answers} {requests}");
    let (more, _) = read("");
    assert!(more > answers, "{more} {answers}");
}
