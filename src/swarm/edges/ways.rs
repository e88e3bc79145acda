//! Every way from one state to another that there can be.

/// What has states, in each of its states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    pub of: &'static str,
    pub from: &'static str,
    pub to: &'static str,
}

impl std::fmt::Display for Edge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} → {}", self.of, self.from, self.to)
    }
}

/// Where everything begins and ends.
pub(super) const NOWHERE: &str = "nowhere";

/// Of what: from where to where.
type Row = (&'static str, &'static str, &'static [&'static str]);

/// Every way that there can be.
const ROWS: [Row; 58] = [
    // As it stands in ZooKeeper.
    ("partition", NOWHERE, &["online"]),
    (
        "partition",
        "online",
        &["online", "offline", "recovering", NOWHERE],
    ),
    (
        "partition",
        "offline",
        &["online", "offline", "recovering", NOWHERE],
    ),
    (
        "partition",
        "recovering",
        &["online", "offline", "recovering", NOWHERE],
    ),
    // As a broker has it, which stops a replica before its data go.
    // One that begins while nobody leads is nothing until somebody does, and may be stopped before.
    ("replica", NOWHERE, &["leads", "follows", "stopped"]),
    ("replica", "leads", &["leads", "follows", "stopped", "down"]),
    (
        "replica",
        "follows",
        &["leads", "follows", "stopped", "down"],
    ),
    (
        "replica",
        "stopped",
        &["leads", "follows", "stopped", "down", NOWHERE],
    ),
    ("replica", "down", &["leads", "follows", "stopped", NOWHERE]),
    ("broker", NOWHERE, &["runs"]),
    (
        "broker",
        "runs",
        &["frozen", "killed", "without power", "stopped"],
    ),
    ("broker", "frozen", &["runs", "killed", "without power"]),
    ("broker", "killed", &["runs"]),
    ("broker", "without power", &["runs"]),
    ("broker", "stopped", &["runs"]),
    ("registration", "waiting", &["preparing", "creating"]),
    (
        "registration",
        "preparing",
        &["creating", "refused", "waiting"],
    ),
    (
        "registration",
        "creating",
        &["registered", "checking", "waiting"],
    ),
    (
        "registration",
        "checking",
        &["registered", "creating", "replacing", "refused", "waiting"],
    ),
    ("registration", "replacing", &["creating", "waiting"]),
    (
        "registration",
        "refused",
        &["preparing", "creating", "waiting"],
    ),
    ("registration", "registered", &["waiting"]),
    // As a broker knows its own.
    ("session", "none", &["connected"]),
    ("session", "connected", &["unheard", "none"]),
    ("session", "unheard", &["connected", "none"]),
    ("controller", "none", &["begins"]),
    ("controller", "begins", &["decides", "none"]),
    ("controller", "decides", &["none"]),
    // Who is alone is a majority, and decides as soon as it leads.
    ("zookeeper", "looks", &["follows", "leads", "decides"]),
    ("zookeeper", "follows", &["serves", "looks"]),
    ("zookeeper", "serves", &["looks"]),
    ("zookeeper", "leads", &["decides", "looks"]),
    ("zookeeper", "decides", &["looks"]),
    // No run lasts until a producer has used up its epochs and needs another id.
    ("producer's numbers", "none", &["first"]),
    ("producer's numbers", "first", &["newer epoch"]),
    ("producer's numbers", "newer epoch", &["newer epoch"]),
    (
        "consumer's partition",
        NOWHERE,
        &["restoring", "resetting", "failed"],
    ),
    (
        "consumer's partition",
        "restoring",
        &["reading", "resetting", "validating", NOWHERE],
    ),
    (
        "consumer's partition",
        "resetting",
        &["reading", "failed", NOWHERE],
    ),
    (
        "consumer's partition",
        "validating",
        &["reading", "resetting", "failed", NOWHERE],
    ),
    (
        "consumer's partition",
        "reading",
        &["resetting", "validating", "failed", NOWHERE],
    ),
    (
        "consumer's partition",
        "failed",
        &["reading", "resetting", NOWHERE],
    ),
    // As a consumer knows itself. Who leads and knows the topics divides them at once.
    ("member", "unjoined", &["joining", "gave up"]),
    (
        "member",
        "joining",
        &["syncing", "leading", "unjoined", "gave up"],
    ),
    ("member", "leading", &["syncing", "unjoined", "joining"]),
    (
        "member",
        "syncing",
        &["stable", "unjoined", "joining", "gave up"],
    ),
    ("member", "stable", &["joining", "unjoined", "gave up"]),
    ("member", "gave up", &["unjoined", "joining"]),
    // As a coordinator decides. One that has just read a group finds it stable or empty.
    ("group", NOWHERE, &["preparing"]),
    ("group", "preparing", &["completing", "empty"]),
    ("group", "completing", &["stable", "preparing"]),
    ("group", "stable", &["preparing"]),
    ("group", "empty", &["preparing"]),
    ("zookeeper's host", NOWHERE, &["runs"]),
    (
        "zookeeper's host",
        "runs",
        &["frozen", "killed", "without power"],
    ),
    (
        "zookeeper's host",
        "frozen",
        &["runs", "killed", "without power"],
    ),
    ("zookeeper's host", "killed", &["runs"]),
    ("zookeeper's host", "without power", &["runs"]),
];

/// Every way that there can be, one by one.
pub fn all() -> impl Iterator<Item = Edge> {
    ROWS.into_iter().flat_map(|(of, from, all)| {
        let each = all.iter();
        each.map(move |to| Edge { of, from, to })
    })
}
