//! ZooKeeper in the inspector: the ensemble, one server, one znode.

use super::{Inspected, Row, list};
use crate::model::Text;
use crate::protocol::zookeeper::Zxid;
use crate::protocol::zookeeper_peers::Stance;
use crate::session::words::{left, span};
use crate::world::World;
use crate::zookeeper::{Server, Tree};

/// Znodes that the tree shows; a cluster that a person can watch has fewer.
const SHOWN: usize = 80;

/// The ensemble, and what stands in it as `zookeeper-shell` would show it.
pub(super) fn ensemble(world: &World) -> Inspected {
    let truth = world.truth();
    let controller = match truth.controller() {
        Some(id) => format!("broker {id}, epoch {}", truth.controller_epoch()),
        None => "nobody".to_owned(),
    };
    let leader = world.zookeepers().find(|server| server.is_leader());
    let mut rows: Vec<Row> = vec![
        ("controller".into(), controller),
        ("brokers".into(), list(truth.store().brokers().keys())),
        (
            "leading server".into(),
            leader.map_or("nobody".to_owned(), |server| server.id().to_string()),
        ),
    ];
    if let Some(leader) = leader {
        rows.extend(sessions(world, leader));
    }
    if let Some(tree) = world.zookeeper_tree() {
        let full = tree.znodes();
        let told = full.iter().filter(|znode| !znode.data.is_empty());
        rows.extend(told.take(SHOWN).map(|znode| {
            let path = znode.path.to_string();
            (path.into(), text(&znode.data))
        }));
    }
    Inspected {
        crumbs: vec!["cluster".to_owned()],
        title: "ZooKeeper".to_owned(),
        rows,
    }
}

/// One server.
pub(super) fn server(world: &World, server: &Server) -> Inspected {
    let role = match (server.role(), server.is_leader()) {
        (Stance::Leading, true) => "leads, a majority follows",
        (Stance::Leading, false) => "elected, waits for a majority",
        (Stance::Following, _) => "follows",
        (Stance::Looking, _) => "looks for a leader, serves nobody",
    };
    let clients = server.clients().map(|(connection, _)| connection.opener);
    let mut rows: Vec<Row> = vec![
        ("role".into(), role.to_owned()),
        ("epoch".into(), server.epoch().to_string()),
        ("last zxid".into(), zxid(server.zxid())),
        ("on its disk".into(), zxid(server.logged())),
        ("clients".into(), list(clients)),
        ("watches".into(), server.watches().to_string()),
    ];
    if let Some(leader) = server.leader().filter(|leader| *leader != server.id()) {
        rows.push(("leader".into(), leader.to_string()));
    }
    if server.is_leader() {
        rows.push(("followers".into(), list(server.followers())));
        rows.extend(sessions(world, server));
    }
    Inspected {
        crumbs: vec!["ZooKeeper".to_owned()],
        title: server.id().to_string(),
        rows,
    }
}

/// The sessions that a leading server keeps, and when they run out.
fn sessions(world: &World, leader: &Server) -> Vec<Row> {
    let now = world.now();
    let row = |view: crate::zookeeper::SessionView| -> Row {
        let end = view.runs_out.map(|at| left(at.since(now)));
        let end = end.map_or(String::new(), |left| format!(", runs out in {left}"));
        (
            format!("session of {}", view.owner).into(),
            format!("{} of {}{end}", view.session, span(view.timeout)),
        )
    };
    leader.sessions().map(row).collect()
}

/// One znode; `None` when it is not there.
pub(super) fn znode(world: &World, path: &Text) -> Option<Inspected> {
    let tree: &Tree = world.zookeeper_tree()?;
    let (data, stat) = tree.get(path)?;
    let value = match data.is_empty() {
        true => "nothing".to_owned(),
        false => text(data),
    };
    let owner = match stat.owner {
        Some(session) => format!("ephemeral, goes with session {session}"),
        None => "persistent".to_owned(),
    };
    let mut rows: Vec<Row> = vec![
        ("value".into(), value),
        ("version".into(), stat.version.to_string()),
        ("kind".into(), owner),
        ("created by".into(), format!("zxid {}", zxid(stat.created))),
        ("changed by".into(), format!("zxid {}", zxid(stat.modified))),
    ];
    if let Some(children) = tree.children(path).filter(|children| children.len() > 0) {
        rows.push(("children".into(), list(children.take(SHOWN))));
    }
    let mut parents: Vec<String> = vec!["ZooKeeper".to_owned()];
    let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
    let (last, before) = names.split_last()?;
    parents.extend(before.iter().map(|name| (*name).to_owned()));
    Some(Inspected {
        crumbs: parents,
        title: format!("/{last}"),
        rows,
    })
}

/// As ZooKeeper prints it: the epoch of the leader, and a counter.
fn zxid(zxid: Zxid) -> String {
    format!("{:#x}", zxid.0)
}

fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}
