//! What goes wrong: one fault, as the lines that begin it and the lines that end it.

use super::Draw;
use super::abuse::nonsense;
use super::cluster::Cluster;
use super::kind::Kind;
use crate::time::Duration;

/// One fault.
#[derive(Clone, Debug, Default)]
pub(super) struct Strike {
    pub(super) begin: Vec<String>,
    /// What ends it, after a while.
    pub(super) end: Vec<String>,
    pub(super) lasts: Duration,
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
    };
    let cut = |links: String| one(format!("cut {links}"), format!("heal {links}"));
    match kind {
        Kind::Kill => one(format!("kill {broker}"), format!("restart {broker}")),
        Kind::PowerLoss => one(format!("kill {broker} lossy"), format!("restart {broker}")),
        Kind::Stop => one(format!("stop {broker}"), format!("restart {broker}")),
        Kind::StopAndKill => Strike {
            begin: vec![
                format!("stop {broker}"),
                format!("run {}", draw.span(1, 200)),
                format!("kill {broker}"),
            ],
            ..one(String::new(), format!("restart {broker}"))
        },
        Kind::Freeze => one(format!("freeze {broker}"), format!("thaw {broker}")),
        Kind::Expire => Strike {
            begin: vec![format!("expire {broker}")],
            ..Strike::default()
        },
        Kind::Isolate => cut(format!("{broker}↔all")),
        Kind::Split => split(cluster, lasts, draw),
        Kind::OneWay => {
            let other = match draw.between(0, 3) {
                0 => cluster.a_zookeeper(draw),
                1 => cluster.a_client(draw),
                _ => cluster.a_broker(draw),
            };
            match draw.chance(1, 2) {
                true => cut(format!("{broker}→{other}")),
                false => cut(format!("{other}→{broker}")),
            }
        }
        Kind::CutZooKeeper => cut(format!("{broker}↔zookeeper")),
        Kind::CutBrokers => cut(format!("{broker}↔brokers")),
        Kind::CutClients => cut(format!("{broker}↔clients")),
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
        Kind::KillZooKeeper => one(format!("kill {zookeeper}"), format!("restart {zookeeper}")),
        Kind::PowerLossZooKeeper => one(
            format!("kill {zookeeper} lossy"),
            format!("restart {zookeeper}"),
        ),
        Kind::FreezeZooKeeper => one(format!("freeze {zookeeper}"), format!("thaw {zookeeper}")),
        Kind::PartZooKeeper => cut(format!("{zookeeper}↔zookeeper")),
        Kind::KillClient => Strike {
            end: again(&client, cluster),
            ..one(format!("kill {client}"), String::new())
        },
        Kind::FreezeClient => one(format!("freeze {client}"), format!("thaw {client}")),
        Kind::CutClient => cut(format!("{client}↔brokers")),
        Kind::HoldClient => one(
            format!("hold {client}↔{broker}"),
            format!("release {client}↔{broker}"),
        ),
        Kind::SlowClient => {
            let begin = format!("latency {client}↔brokers {}", draw.span(5, 3_000));
            one(begin, format!("latency {client}↔brokers default"))
        }
        Kind::Nonsense => nonsense(broker, draw),
        // What takes a world to draw, or several acts.
        Kind::Blackout
        | Kind::PowerLossAmid
        | Kind::Bounce
        | Kind::Depose
        | Kind::AskTheFresh
        | Kind::LateQuestion
        | Kind::Relay
        | Kind::ComeBackShort
        | Kind::Settings
        | Kind::Move
        | Kind::Elect
        | Kind::Grow
        | Kind::Topics
        | Kind::LoseAnswers
        | Kind::Seek
        | Kind::Numbers
        | Kind::Wishes
        | Kind::HitCoordinator
        | Kind::AskTheReading
        | Kind::MemberJoins
        | Kind::MemberLeaves
        | Kind::MemberDies
        | Kind::MemberStandsStill
        | Kind::MemberIsSlow
        | Kind::MemberCommits
        | Kind::MemberWantsOther
        | Kind::GroupWishes
        | Kind::SimpleConsumer
        | Kind::MemberPauses => Strike::default(),
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
    let servers: Vec<String> = servers.collect();
    // A bridge sees both sides.
    let bridge = draw.chance(1, 4).then(|| {
        let at = draw.between(0, servers.len() as u64 - 1);
        at as usize
    });
    for (at, server) in servers.into_iter().enumerate() {
        if bridge == Some(at) {
            continue;
        }
        sides[usize::from(draw.chance(1, 2))].push(server);
    }
    let mut strike = Strike {
        lasts,
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
