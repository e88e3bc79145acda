//! Kinds of trouble, and which of them a run has.

use super::{Budget, Draw};

/// A kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Kill,
    /// A machine loses its power. In the safe budget only while somebody else has everything.
    PowerLoss,
    /// The same in the midst of other trouble, where the safe budget allows it. Drawn as [`Kind::PowerLoss`].
    PowerLossAmid,
    Stop,
    /// A clean stop that is not waited for.
    StopAndKill,
    /// Everybody in sync with one partition dies within a second.
    Blackout,
    Freeze,
    /// One broker is cut off from everybody.
    Isolate,
    /// Two groups of brokers, each with some of the ZooKeeper servers; perhaps one host sees both.
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
    /// A session ends though its owner is well.
    Expire,
    KillZooKeeper,
    PowerLossZooKeeper,
    FreezeZooKeeper,
    /// ZooKeeper servers lose each other.
    PartZooKeeper,
    /// A broker goes and comes back while the controller looks away.
    Bounce,
    /// A controller is replaced while one of its orders is still on its way.
    Depose,
    /// A fresh leader is asked for the end of its log before its followers have come to it.
    AskTheFresh,
    /// A question about an ISR arrives when the ISR has changed back already.
    LateQuestion,
    /// One broker leads and dies before anybody has copied anything, and then the next.
    Relay,
    /// A follower comes back with less than its new leader has, though with all that is committed.
    ComeBackShort,
    Settings,
    Move,
    Elect,
    Grow,
    /// Topics come and go.
    Topics,
    KillClient,
    FreezeClient,
    CutClient,
    HoldClient,
    SlowClient,
    /// What was written is never heard of, so that all of it is sent again.
    LoseAnswers,
    /// A consumer goes to another place.
    Seek,
    /// Somebody's sequence numbers begin anew at zero.
    Numbers,
    /// Somebody asks for what cannot be.
    Wishes,
    /// Somebody writes bytes that mean nothing.
    Nonsense,
    /// The broker that coordinates a group dies, stops, stands still or is cut off from clients.
    HitCoordinator,
    /// It dies, and whoever takes over is asked how far the group has read before it has read that itself.
    AskTheReading,
    /// One more consumer joins a group.
    MemberJoins,
    MemberLeaves,
    MemberDies,
    MemberStandsStill,
    /// A member's application takes its time, perhaps more than it has.
    MemberIsSlow,
    MemberCommits,
    /// A member subscribes to other topics, or to none.
    MemberWantsOther,
    /// A stranger asks for what only members may, or for what cannot be.
    GroupWishes,
    /// A consumer that has chosen its partitions itself commits for a group.
    SimpleConsumer,
    /// A member pauses some of its partitions for a while.
    MemberPauses,
}

const OF_CLUSTERS: [Kind; 23] = [
    Kind::Kill,
    Kind::PowerLoss,
    Kind::Stop,
    Kind::StopAndKill,
    Kind::Blackout,
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
    Kind::Expire,
    Kind::KillZooKeeper,
    Kind::PowerLossZooKeeper,
    Kind::FreezeZooKeeper,
    Kind::PartZooKeeper,
];

/// What goes wrong with clusters in several acts.
const PLOTS_OF_CLUSTERS: [Kind; 6] = [
    Kind::Bounce,
    Kind::Depose,
    Kind::AskTheFresh,
    Kind::LateQuestion,
    Kind::Relay,
    Kind::ComeBackShort,
];

/// What an administrator does while everything runs.
const OF_ADMINS: [Kind; 5] = [
    Kind::Settings,
    Kind::Move,
    Kind::Elect,
    Kind::Grow,
    Kind::Topics,
];

const OF_CLIENTS: [Kind; 10] = [
    Kind::KillClient,
    Kind::FreezeClient,
    Kind::CutClient,
    Kind::HoldClient,
    Kind::SlowClient,
    Kind::LoseAnswers,
    Kind::Seek,
    Kind::Numbers,
    Kind::Wishes,
    Kind::Nonsense,
];

/// What befalls groups, where there are some.
const OF_GROUPS: [Kind; 10] = [
    Kind::HitCoordinator,
    Kind::AskTheReading,
    Kind::MemberJoins,
    Kind::MemberLeaves,
    Kind::MemberDies,
    Kind::MemberStandsStill,
    Kind::MemberIsSlow,
    Kind::MemberCommits,
    Kind::MemberWantsOther,
    Kind::GroupWishes,
];

/// What befalls some groups only, drawn apart from everything else.
const RARE_OF_GROUPS: [Kind; 2] = [Kind::SimpleConsumer, Kind::MemberPauses];

impl Kind {
    /// What befalls the groups of a run.
    pub(super) fn of_groups(budget: Budget, draw: &mut Draw) -> Vec<Kind> {
        let mut kinds = OF_GROUPS.to_vec();
        kinds.retain(|kind| {
            let may = budget != Budget::Client || !kind.is_of_coordinators();
            draw.chance(2, 5) && may
        });
        kinds
    }

    /// Whether it befalls a group.
    pub(super) fn is_of_groups(self) -> bool {
        OF_GROUPS.contains(&self) || RARE_OF_GROUPS.contains(&self)
    }

    /// Whether it befalls the broker that coordinates a group.
    fn is_of_coordinators(self) -> bool {
        matches!(self, Kind::HitCoordinator | Kind::AskTheReading)
    }

    /// Whether it comes in several acts.
    pub(super) fn is_plot(self) -> bool {
        Kind::plots().contains(&self)
    }

    fn plots() -> [Kind; 7] {
        let [a, b, c, d, e, f] = PLOTS_OF_CLUSTERS;
        [a, b, c, d, e, f, Kind::LoseAnswers]
    }

    /// What goes wrong with clusters.
    fn of_clusters() -> impl Iterator<Item = Kind> {
        OF_CLUSTERS.into_iter().chain(PLOTS_OF_CLUSTERS)
    }

    /// Every kind.
    pub(super) fn all() -> impl Iterator<Item = Kind> {
        let all = Kind::of_clusters().chain(OF_ADMINS);
        let all = all.chain(OF_CLIENTS).chain(OF_GROUPS);
        all.chain(RARE_OF_GROUPS).chain([Kind::PowerLossAmid])
    }

    /// The kinds that a run has: each with its chance, and one at least.
    pub(super) fn some(budget: Budget, draw: &mut Draw) -> Vec<Kind> {
        let clusters = match budget {
            Budget::Safe | Budget::Harsh => Kind::of_clusters().collect(),
            Budget::Client => Vec::new(),
        };
        let (admins, clients) = match budget {
            Budget::Client => ((1, 4), (1, 2)),
            Budget::Safe | Budget::Harsh => ((1, 5), (1, 6)),
        };
        let mut kinds: Vec<Kind> = clusters;
        kinds.retain(|_| draw.chance(3, 10));
        let mut others = OF_ADMINS.to_vec();
        others.retain(|_| draw.chance(admins.0, admins.1));
        kinds.append(&mut others);
        let mut others = OF_CLIENTS.to_vec();
        others.retain(|_| draw.chance(clients.0, clients.1));
        kinds.append(&mut others);
        // Half of the runs are bent on one plot: it takes many attempts until all of its acts succeed.
        if budget != Budget::Client && draw.chance(1, 2) {
            let plot = draw.pick(&Kind::plots());
            kinds.resize(kinds.len() * 2 + 1, plot);
        }
        if kinds.is_empty() {
            kinds.push(match budget {
                Budget::Client => draw.pick(&OF_CLIENTS),
                Budget::Safe | Budget::Harsh => {
                    let all: Vec<Kind> = Kind::of_clusters().collect();
                    draw.pick(&all)
                }
            });
        }
        kinds
    }

    /// What it is called in the coverage.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Kill => "a broker is killed",
            Kind::PowerLoss => "a broker loses its power",
            Kind::PowerLossAmid => "a broker loses its power amid other trouble",
            Kind::Stop => "a broker is stopped",
            Kind::StopAndKill => "a broker is killed while it stops",
            Kind::Blackout => "a whole ISR is killed",
            Kind::Freeze => "a broker stands still",
            Kind::Isolate => "a broker is cut off",
            Kind::Split => "the cluster is split",
            Kind::OneWay => "a way is cut in one direction",
            Kind::CutZooKeeper => "a broker is cut off from zookeeper",
            Kind::CutBrokers => "a broker is cut off from brokers",
            Kind::CutClients => "a broker is cut off from clients",
            Kind::Reset => "connections are reset",
            Kind::Hold => "packets are held up",
            Kind::SlowLink => "a way is slow",
            Kind::SlowDisk => "a disk is slow",
            Kind::DiskFails => "a disk fails",
            Kind::Clock => "a clock is wrong",
            Kind::Expire => "a session is ended",
            Kind::KillZooKeeper => "a zookeeper is killed",
            Kind::PowerLossZooKeeper => "a zookeeper loses its power",
            Kind::FreezeZooKeeper => "a zookeeper stands still",
            Kind::PartZooKeeper => "zookeepers are parted",
            Kind::Bounce => "a broker is away unseen",
            Kind::Depose => "a controller is deposed with an order under way",
            Kind::AskTheFresh => "a fresh leader is asked for its end",
            Kind::LateQuestion => "a question about an ISR comes late",
            Kind::Relay => "leaders die one after the other",
            Kind::ComeBackShort => "a follower comes back short",
            Kind::Settings => "settings are changed",
            Kind::Move => "a partition is moved",
            Kind::Elect => "an election is asked for",
            Kind::Grow => "a topic grows",
            Kind::Topics => "topics come and go",
            Kind::KillClient => "a client is killed",
            Kind::FreezeClient => "a client stands still",
            Kind::CutClient => "a client is cut off",
            Kind::HoldClient => "a client's packets are held up",
            Kind::SlowClient => "a client's way is slow",
            Kind::LoseAnswers => "answers to a producer are lost",
            Kind::Seek => "a consumer seeks",
            Kind::Numbers => "sequences begin anew at zero",
            Kind::Wishes => "somebody asks for what cannot be",
            Kind::Nonsense => "somebody writes nonsense",
            Kind::HitCoordinator => "a coordinator is struck",
            Kind::AskTheReading => "a coordinator is asked while it reads",
            Kind::MemberJoins => "a member joins",
            Kind::MemberLeaves => "a member leaves",
            Kind::MemberDies => "a member dies",
            Kind::MemberStandsStill => "a member stands still",
            Kind::MemberIsSlow => "a member is slow",
            Kind::MemberCommits => "a member commits by hand",
            Kind::MemberWantsOther => "a member wants other topics",
            Kind::GroupWishes => "somebody asks a group for what cannot be",
            Kind::SimpleConsumer => "a simple consumer commits for a group",
            Kind::MemberPauses => "a member pauses",
        }
    }
}
