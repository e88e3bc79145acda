//! Servers that die, come back and lose each other at random, while clients count.
//!
//! Each client reads a counter and writes it back one higher, on condition that nobody else did. What must
//! hold at every step is looked at by the bench; what must hold in the end is checked here.

use super::*;
use crate::protocol::zookeeper::Answer;

struct Counter {
    id: ProcessId,
    /// The session under which something was read last, and the version read.
    read: Option<(SessionId, i32)>,
    /// How much of what happened to the client was looked at.
    looked: usize,
    /// Versions that this client was told it had written.
    acknowledged: Vec<i32>,
    asked: SortedMap<u32, Asked>,
}

#[derive(Clone, Copy)]
enum Asked {
    Read,
    Write,
    Register,
}

impl Counter {
    fn ask(&mut self, bench: &mut Bench, operation: Operation, asked: Asked) {
        let tag = bench.ask(self.id, operation);
        self.asked.insert(tag, asked);
    }

    fn look(&mut self, bench: &mut Bench) {
        let happened = &bench.apps[&self.id].happened[self.looked..];
        let happened: Vec<_> = happened.iter().map(|(_, what)| what.clone()).collect();
        self.looked += happened.len();
        for what in happened {
            let Happened::Answered { tag, outcome } = what else {
                if matches!(what, Happened::Opened { .. }) {
                    let path = format!("/ids/{}", self.id);
                    self.ask(bench, create(&path, CreateMode::Ephemeral), Asked::Register);
                }
                continue;
            };
            match (self.asked.remove(&tag).expect("asked"), outcome) {
                (Asked::Register, _) => {
                    self.ask(bench, get("/counter", Watch::None), Asked::Read);
                }
                (Asked::Read, Ok(Answer::Data { data, stat })) => {
                    let session = bench.session(self.id);
                    if let Some((before, version)) = self.read
                        && before == session
                    {
                        assert!(stat.version >= version, "a client never goes back in time");
                    }
                    self.read = Some((session, stat.version));
                    assert_eq!(data.as_ref(), stat.version.to_string().as_bytes());
                    let next = (stat.version + 1).to_string();
                    self.ask(bench, set("/counter", &next, stat.version), Asked::Write);
                }
                (Asked::Write, outcome) => {
                    if let Ok(Answer::Set { stat }) = outcome {
                        self.acknowledged.push(stat.version);
                    }
                    self.ask(bench, get("/counter", Watch::None), Asked::Read);
                }
                // The session is over; the next begins with its registration.
                (Asked::Read, _) => {}
            }
        }
    }
}

fn disturb(bench: &mut Bench, rng: &mut Rng) {
    let some = |rng: &mut Rng| zk(rng.between(1, u64::from(bench.size)) as u16);
    let (one, other) = (some(rng), some(rng));
    match rng.below(8) {
        0 | 1 if bench.servers.contains_key(&one) => bench.kill(one),
        0..=3 if !bench.servers.contains_key(&one) => bench.start(one),
        4 if one != other => {
            bench.hold(one, other);
            if rng.chance(1, 2) {
                bench.hold(other, one);
            }
        }
        5 => bench.hold(b(1), one),
        _ => bench.release_all(),
    }
}

fn count_through_trouble(seed: u64, size: u16) {
    let mut rng = Rng::new(Seed(seed), 99);
    let mut bench = Bench::new(size);
    let servers: Vec<ProcessId> = (1..=size).map(zk).collect();
    let mut counters: Vec<Counter> = (1..=3)
        .map(|n| Counter {
            id: bench.client(n, &servers),
            read: None,
            looked: 0,
            acknowledged: Vec::new(),
            asked: SortedMap::new(),
        })
        .collect();
    let go_on = |bench: &mut Bench, counters: &mut Vec<Counter>, millis: u64| {
        // Short steps soon after a disturbance, where most can go wrong; long ones to time out.
        let step = millis.div_ceil(40).max(1);
        for _ in 0..millis / step {
            bench.run_ms(step);
            counters.iter_mut().for_each(|counter| counter.look(bench));
        }
    };
    for _ in 0..24 {
        disturb(&mut bench, &mut rng);
        let millis = match rng.below(4) {
            0 => rng.between(1, 20),
            1 => rng.between(20, 400),
            2 => rng.between(400, 4_000),
            _ => rng.between(4_000, 25_000),
        };
        go_on(&mut bench, &mut counters, millis);
    }
    bench.release_all();
    for id in servers {
        if !bench.servers.contains_key(&id) {
            bench.start(id);
        }
    }
    go_on(&mut bench, &mut counters, 60_000);
    let acknowledged = counters.iter().flat_map(|counter| &counter.acknowledged);
    let acknowledged: Vec<i32> = acknowledged.copied().collect();
    let distinct: SortedSet<i32> = acknowledged.iter().copied().collect();
    assert_eq!(
        distinct.len(),
        acknowledged.len(),
        "a version is written once"
    );
    bench.run_secs(1);
    let leader = bench
        .leader()
        .expect("an ensemble that is whole has a leader");
    let version = bench.servers[&leader]
        .tree()
        .stat("/counter")
        .unwrap()
        .version;
    assert!(
        acknowledged
            .iter()
            .max()
            .is_some_and(|most| *most <= version),
        "what was acknowledged is there"
    );
    for server in bench.servers.values() {
        assert!(server.is_serving(), "{} serves", server.id());
        assert_eq!(server.leader(), Some(leader));
    }
    for counter in &counters {
        assert_eq!(bench.state(counter.id), State::Connected);
        let path = format!("/ids/{}", counter.id);
        let stat = bench.servers[&leader].tree().stat(&path);
        let owner = stat.and_then(|stat| stat.owner);
        assert_eq!(owner, Some(bench.session(counter.id)));
    }
}

#[test]
fn three_servers_agree_through_any_trouble() {
    (0..150).for_each(|seed| count_through_trouble(seed, 3));
}

#[test]
fn five_servers_agree_through_any_trouble() {
    (0..50).for_each(|seed| count_through_trouble(1_000 + seed, 5));
}
