//! What goes wrong: one fault, as the lines that begin it and the lines that end it.

use super::cluster::Cluster;
use super::{Budget, Draw, coverage};
use crate::time::Duration;

/// A kind of trouble. Each run has some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Kill,
    /// A machine loses its power. In the safe budget only while somebody else has everything.
    PowerLoss,
    Stop,
    Freeze,
    /// One broker is cut off from everybody.
    Isolate,
    /// Two groups of brokers, each with some of the ZooKeeper servers and clients.
    Split,
    /// Packets between two hosts are lost one way.
    OneWay,
    CutZooKeeper,
    CutBrokers,
    CutClients,
    Reset,
    Hold,
    SlowLink,
    SlowDisk,
    /// Nothing can be written any more, at which a broker halts.
    DiskFails,
    Clock,
    KillZooKeeper,
    FreezeZooKeeper,
    /// ZooKeeper servers lose each other.
    PartZooKeeper,
    KillClient,
    FreezeClient,
    CutClient,
    HoldClient,
    SlowClient,
    /// Somebody writes bytes that mean nothing.
    Nonsense,
}

const OF_CLUSTERS: [Kind; 19] = [
    Kind::Kill,
    Kind::PowerLoss,
    Kind::Stop,
    Kind::Freeze,
    Kind::Isolate,
    Kind::Split,
    Kind::OneWay,
    Kind::CutZooKeeper,
    Kind::CutBrokers,
    Kind::CutClients,
    Kind::Reset,
    Kind::Hold,
    Kind::SlowLink,
    Kind::SlowDisk,
    Kind::DiskFails,
    Kind::Clock,
    Kind::KillZooKeeper,
    Kind::FreezeZooKeeper,
    Kind::PartZooKeeper,
];

const OF_CLIENTS: [Kind; 6] = [
    Kind::KillClient,
    Kind::FreezeClient,
    Kind::CutClient,
    Kind::HoldClient,
    Kind::SlowClient,
    Kind::Nonsense,
];

impl Kind {
    /// The kinds that a run has: each with an even chance, and one at least.
    pub(super) fn some(budget: Budget, draw: &mut Draw) -> Vec<Kind> {
        let clusters = match budget {
            Budget::Safe | Budget::Harsh => &OF_CLUSTERS[..],
            Budget::Client => &[],
        };
        let chance = match budget {
            Budget::Client => (1, 2),
            Budget::Safe | Budget::Harsh => (1, 6),
        };
        let mut kinds: Vec<Kind> = clusters.to_vec();
        kinds.retain(|_| draw.chance(2, 5));
        let mut clients = OF_CLIENTS.to_vec();
        clients.retain(|_| draw.chance(chance.0, chance.1));
        kinds.extend(clients);
        if kinds.is_empty() {
            kinds.push(match budget {
                Budget::Client => draw.pick(&OF_CLIENTS),
                Budget::Safe | Budget::Harsh => draw.pick(&OF_CLUSTERS),
            });
        }
        kinds
    }
}

/// One fault.
#[derive(Clone, Debug, Default)]
pub(super) struct Strike {
    pub(super) begin: Vec<String>,
    /// What ends it, after a while.
    pub(super) end: Vec<String>,
    pub(super) lasts: Duration,
    /// Its name in the coverage, where its lines do not say.
    pub(super) name: Option<&'static str>,
}

/// Draws a fault of a kind against a broker, where it is against one.
pub(super) fn strike(kind: Kind, broker: &str, cluster: &Cluster, draw: &mut Draw) -> Strike {
    let zookeeper = cluster.a_zookeeper(draw);
    let client = cluster.a_client(draw);
    let lasts = how_long(cluster, draw);
    let one = |begin: String, end: String| Strike {
        begin: vec![begin],
        end: vec![end],
        lasts,
        name: None,
    };
    let cut = |links: String, name: usize| Strike {
        name: Some(coverage::FAULTS[name]),
        ..one(format!("cut {links}"), format!("heal {links}"))
    };
    match kind {
        Kind::Kill => one(format!("kill {broker}"), format!("restart {broker}")),
        Kind::PowerLoss => one(format!("kill {broker} lossy"), format!("restart {broker}")),
        Kind::Stop => one(format!("stop {broker}"), format!("restart {broker}")),
        Kind::Freeze => one(format!("freeze {broker}"), format!("thaw {broker}")),
        Kind::Isolate => cut(format!("{broker}↔all"), 9),
        Kind::Split => split(cluster, lasts, draw),
        Kind::OneWay => {
            let other = match draw.between(0, 3) {
                0 => cluster.a_zookeeper(draw),
                1 => cluster.a_client(draw),
                _ => cluster.a_broker(draw),
            };
            match draw.chance(1, 2) {
                true => cut(format!("{broker}→{other}"), 11),
                false => cut(format!("{other}→{broker}"), 11),
            }
        }
        Kind::CutZooKeeper => cut(format!("{broker}↔zookeeper"), 12),
        Kind::CutBrokers => cut(format!("{broker}↔brokers"), 13),
        Kind::CutClients => cut(format!("{broker}↔clients"), 14),
        Kind::Reset => Strike {
            begin: vec![format!("reset {}", link(broker, cluster, draw))],
            ..Strike::default()
        },
        Kind::Hold => {
            let link = link(broker, cluster, draw);
            one(format!("hold {link}"), format!("release {link}"))
        }
        Kind::SlowLink => {
            let (link, span) = (link(broker, cluster, draw), draw.span(5, 1_500));
            let begin = format!("latency {link} {span}");
            one(begin, format!("latency {link} default"))
        }
        Kind::SlowDisk => {
            let span = draw.span(1, 200);
            let begin = format!("disk {broker} slow={span}");
            one(begin, format!("disk {broker} fine"))
        }
        Kind::DiskFails => Strike {
            begin: vec![format!("disk {broker} fails")],
            end: vec![format!("disk {broker} fine"), format!("restart {broker}")],
            lasts,
            name: Some(coverage::FAULTS[21]),
        },
        Kind::Clock => {
            let whom = draw.pick(&[broker, &client, &zookeeper]);
            let begin = match draw.between(0, 2) {
                0 => format!("clock {whom} +{}s", draw.between(1, 4_000)),
                1 => format!("clock {whom} -{}s", draw.between(1, 4_000)),
                _ => format!("clock {whom} drift={}ppm", draw.between(1, 90_000)),
            };
            one(begin, format!("clock {whom} right"))
        }
        Kind::KillZooKeeper => {
            let lossy = draw.pick(&["", " lossy"]);
            let begin = format!("kill {zookeeper}{lossy}");
            one(begin, format!("restart {zookeeper}"))
        }
        Kind::FreezeZooKeeper => one(format!("freeze {zookeeper}"), format!("thaw {zookeeper}")),
        Kind::PartZooKeeper => cut(format!("{zookeeper}↔zookeeper"), 15),
        Kind::KillClient => Strike {
            end: again(&client, cluster),
            ..one(format!("kill {client}"), String::new())
        },
        Kind::FreezeClient => one(format!("freeze {client}"), format!("thaw {client}")),
        Kind::CutClient => cut(format!("{client}↔brokers"), 14),
        Kind::HoldClient => one(
            format!("hold {client}↔{broker}"),
            format!("release {client}↔{broker}"),
        ),
        Kind::SlowClient => {
            let begin = format!("latency {client}↔brokers {}", draw.span(5, 3_000));
            one(begin, format!("latency {client}↔brokers default"))
        }
        Kind::Nonsense => nonsense(broker, draw),
    }
}

/// A client starts again and does what it did.
fn again(client: &str, cluster: &Cluster) -> Vec<String> {
    let work = cluster.work_of(client).map(str::to_owned);
    std::iter::once(format!("restart {client}"))
        .chain(work)
        .collect()
}

fn how_long(cluster: &Cluster, draw: &mut Draw) -> Duration {
    let session = cluster.session.as_millis();
    match draw.between(0, 3) {
        0 => draw.span(1, 300),
        1 => draw.span(300, 3_000),
        2 => draw.span(session / 2, session * 2),
        _ => draw.span(1_000, 15_000),
    }
}

/// A broker's link with somebody else.
fn link(broker: &str, cluster: &Cluster, draw: &mut Draw) -> String {
    let other = match draw.between(0, 5) {
        0 => cluster.a_client(draw),
        1 => cluster.a_zookeeper(draw),
        2 => "brokers".to_owned(),
        _ => cluster.a_broker(draw),
    };
    let arrow = draw.pick(&["→", "↔", "↔"]);
    match draw.chance(1, 2) {
        true => format!("{broker}{arrow}{other}"),
        false => format!("{other}{arrow}{broker}"),
    }
}

fn split(cluster: &Cluster, lasts: Duration, draw: &mut Draw) -> Strike {
    let mut sides = [Vec::new(), Vec::new()];
    let servers = (1..=cluster.brokers).map(|number| format!("b{number}"));
    let servers = servers.chain((1..=cluster.zookeepers).map(|number| format!("zk{number}")));
    for server in servers {
        sides[usize::from(draw.chance(1, 2))].push(server);
    }
    let mut strike = Strike {
        lasts,
        name: Some(coverage::FAULTS[10]),
        ..Strike::default()
    };
    for one in &sides[0] {
        for other in &sides[1] {
            strike.begin.push(format!("cut {one}↔{other}"));
            strike.end.push(format!("heal {one}↔{other}"));
        }
    }
    strike
}

/// A frame that is none, or one that claims more than it holds.
fn nonsense(broker: &str, draw: &mut Draw) -> Strike {
    let name = format!("s{}", draw.between(1, 40));
    let count = draw.between(1, 60);
    let bytes = match draw.between(0, 3) {
        0 => draw.bytes(count),
        1 => format!("{:08x}{}", count, draw.bytes(count)),
        2 => format!(
            "{:08x}{}",
            draw.between(0, u64::from(u32::MAX)),
            draw.bytes(count)
        ),
        _ => {
            // A header that is one, before a body that is none.
            let (api, version) = (draw.between(0, 68), draw.between(0, 17));
            let body = draw.bytes(count);
            let length = count + 10;
            format!("{length:08x}{api:04x}{version:04x}00000001ffff{body}")
        }
    };
    Strike {
        begin: vec![
            format!("socket {name}"),
            format!("connect {name} {broker}"),
            "run 10ms".to_owned(),
            format!("bytes {name} {bytes}"),
        ],
        end: vec![format!("close {name}")],
        lasts: draw.span(1, 3_000),
        name: None,
    }
}
