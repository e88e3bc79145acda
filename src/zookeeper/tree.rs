//! `Tree`: the znodes.
//!
//! A znode has data, a version of it, and children; it is persistent, or ephemeral and then goes with the
//! session that created it. Writes may be conditional on a version, which is how two who would write the
//! same find out who was first.
//!
//! Laws: a znode's parent exists and is persistent; a version counts the writes since creation; a name
//! with a number is numbered by how many children its parent ever had, so numbers never come again.
//!
//! A tree is shared between copies and copied along the path of a write only, so a snapshot costs nothing.
//!
//! Not modelled: access lists, quotas, containers, times to live.

use std::sync::Arc;

use bytes::Bytes;

use crate::model::Text;
use crate::protocol::zookeeper::{ANY_VERSION, CreateMode, Error, SessionId, Stat, Zxid};
use crate::protocol::zookeeper_peers::Znode;
use crate::sorted::{SortedMap, SortedSet};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Node {
    data: Bytes,
    stat: Stat,
    children_changed: Zxid,
    children: SortedMap<Text, Arc<Node>>,
}

/// All znodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    root: Arc<Node>,
    ephemerals: Arc<SortedMap<SessionId, SortedSet<Text>>>,
}

/// A znode to be created.
#[derive(Clone, Debug)]
pub struct NewNode<'a> {
    pub path: &'a str,
    pub data: Bytes,
    pub mode: CreateMode,
    /// Who creates it.
    pub session: SessionId,
}

/// The parent's path and the last name of a path. `None` for the root.
pub fn split(path: &str) -> Option<(&str, &str)> {
    let (parent, name) = path.rsplit_once('/')?;
    match (parent, name) {
        (_, "") => None,
        ("", _) => Some(("/", name)),
        _ => Some((parent, name)),
    }
}

/// The rule of legal paths: names between single slashes, none of them `.` or `..`.
pub fn check_path(path: &str) -> Result<(), Error> {
    let Some(names) = path.strip_prefix('/') else {
        return Err(Error::BadArguments);
    };
    let legal = |name: &str| {
        !matches!(name, "" | "." | "..") && !name.chars().any(|c| c.is_control() || c == '\u{fff0}')
    };
    match names.is_empty() || names.split('/').all(legal) {
        true => Ok(()),
        false => Err(Error::BadArguments),
    }
}

fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

fn check_version(asked: i32, stat: &Stat) -> Result<(), Error> {
    match asked == ANY_VERSION || asked == stat.version {
        true => Ok(()),
        false => Err(Error::BadVersion),
    }
}

impl Node {
    /// How many children it ever had.
    fn children_created(&self) -> i32 {
        (self.stat.children_version + self.stat.children as i32) / 2
    }

    fn children_were_changed(&mut self, zxid: Zxid) {
        self.stat.children = self.children.len() as u32;
        self.stat.children_version += 1;
        self.children_changed = zxid;
    }
}

impl Tree {
    /// Nothing but the root.
    pub fn new() -> Tree {
        Tree::default()
    }

    // ---- reads

    fn find(&self, path: &str) -> Option<&Node> {
        let mut node = &self.root;
        for name in names(path) {
            node = node.children.get(name)?;
        }
        Some(node)
    }

    pub fn stat(&self, path: &str) -> Option<Stat> {
        self.find(path).map(|node| node.stat)
    }

    /// The data of a znode and its stat.
    pub fn get(&self, path: &str) -> Option<(&Bytes, Stat)> {
        self.find(path).map(|node| (&node.data, node.stat))
    }

    /// The names of its children, sorted.
    pub fn children(&self, path: &str) -> Option<impl ExactSizeIterator<Item = &Text>> {
        self.find(path).map(|node| node.children.keys())
    }

    /// The transaction that last changed its list of children.
    pub fn children_changed(&self, path: &str) -> Option<Zxid> {
        self.find(path).map(|node| node.children_changed)
    }

    /// The paths that go when this session ends, sorted.
    pub fn ephemerals(&self, session: SessionId) -> Vec<Text> {
        let paths = self.ephemerals.get(&session);
        paths.map_or(Vec::new(), |paths| paths.iter().cloned().collect())
    }

    /// Every session that has ephemerals.
    pub fn owners(&self) -> impl Iterator<Item = SessionId> {
        self.ephemerals.keys().copied()
    }

    /// Every znode but the root's own name: parents before their children.
    pub fn znodes(&self) -> Vec<Znode> {
        fn walk(path: &str, node: &Node, into: &mut Vec<Znode>) {
            into.push(Znode {
                path: path.into(),
                data: node.data.clone(),
                stat: node.stat,
                children_changed: node.children_changed,
            });
            let parent = path.trim_end_matches('/');
            for (name, child) in &node.children {
                walk(&format!("{parent}/{name}"), child, into);
            }
        }
        let mut found = Vec::new();
        walk("/", &self.root, &mut found);
        found
    }

    /// What the znodes below a path take in memory, by an estimate from lengths. Costs a look at each of them.
    pub fn weight_below(&self, path: &str) -> u64 {
        /// What names and data have beside them: the counts of their owners, and where they lie.
        const OWNERS: usize = 96;
        fn weight(node: &Node) -> u64 {
            let children = node.children.iter().map(|(name, child)| {
                let own = size_of::<Node>() + size_of::<(Text, Arc<Node>)>() + OWNERS;
                (own + name.len() + child.data.len()) as u64 + weight(child)
            });
            children.sum()
        }
        self.find(path).map_or(0, weight)
    }

    // ---- writes

    fn edit(&mut self, path: &str) -> Option<&mut Node> {
        self.find(path)?;
        let mut node = Arc::make_mut(&mut self.root);
        for name in names(path) {
            node = Arc::make_mut(node.children.get_mut(name)?);
        }
        Some(node)
    }

    /// Creates a znode; its path, which is longer than asked for when it is numbered, and its stat.
    ///
    /// # Errors
    /// As ZooKeeper's. Nothing was changed.
    pub fn create(&mut self, zxid: Zxid, new: NewNode<'_>) -> Result<(Text, Stat), Error> {
        use CreateMode::{Ephemeral, EphemeralSequential, PersistentSequential};
        let is_numbered = matches!(new.mode, PersistentSequential | EphemeralSequential);
        let lives_with_session = matches!(new.mode, Ephemeral | EphemeralSequential);
        // A numbered name may be empty but for its number.
        match is_numbered {
            true => check_path(&format!("{}1", new.path))?,
            false => check_path(new.path)?,
        }
        let Some((parent, name)) = new.path.rsplit_once('/') else {
            return Err(Error::BadArguments);
        };
        let parent_node = self.find(parent).ok_or(Error::NoNode)?;
        if parent_node.stat.owner.is_some() {
            return Err(Error::NoChildrenForEphemerals);
        }
        let number = parent_node.children_created();
        let name: Text = match is_numbered {
            true => format!("{name}{number:010}").into(),
            false => name.into(),
        };
        if name.is_empty() || parent_node.children.contains_key(&name) {
            return Err(Error::NodeExists);
        }
        let path: Text = format!("{parent}/{name}").into();
        let owner = lives_with_session.then_some(new.session);
        let stat = Stat {
            created: zxid,
            modified: zxid,
            owner,
            ..Stat::default()
        };
        let node = Node {
            data: new.data,
            stat,
            children_changed: zxid,
            children: SortedMap::new(),
        };
        let parent = self.edit(parent).expect("the parent was found");
        parent.children.insert(name, Arc::new(node));
        parent.children_were_changed(zxid);
        if let Some(session) = owner {
            let ephemerals = Arc::make_mut(&mut self.ephemerals);
            let paths = ephemerals.entry(session).or_default();
            paths.insert(path.clone());
        }
        Ok((path, stat))
    }

    /// Deletes a znode that has no children.
    ///
    /// # Errors
    /// As ZooKeeper's. Nothing was changed.
    pub fn delete(&mut self, zxid: Zxid, path: &str, version: i32) -> Result<(), Error> {
        check_path(path)?;
        let (parent, name) = split(path).ok_or(Error::BadArguments)?;
        let stat = self.stat(path).ok_or(Error::NoNode)?;
        check_version(version, &stat)?;
        if stat.children > 0 {
            return Err(Error::NotEmpty);
        }
        let parent = self.edit(parent).expect("a znode has a parent");
        parent.children.remove(name);
        parent.children_were_changed(zxid);
        if let Some(session) = stat.owner {
            let ephemerals = Arc::make_mut(&mut self.ephemerals);
            if let Some(paths) = ephemerals.get_mut(&session) {
                paths.remove(path);
                if paths.is_empty() {
                    ephemerals.remove(&session);
                }
            }
        }
        Ok(())
    }

    /// Writes a znode's data.
    ///
    /// # Errors
    /// As ZooKeeper's. Nothing was changed.
    pub fn set(
        &mut self,
        zxid: Zxid,
        path: &str,
        data: Bytes,
        version: i32,
    ) -> Result<Stat, Error> {
        self.check(path, version)?;
        let node = self.edit(path).expect("the znode was found");
        node.data = data;
        node.stat.modified = zxid;
        node.stat.version += 1;
        Ok(node.stat)
    }

    /// Whether a znode has this version.
    ///
    /// # Errors
    /// When it has not.
    pub fn check(&self, path: &str, version: i32) -> Result<(), Error> {
        check_path(path)?;
        let stat = self.stat(path).ok_or(Error::NoNode)?;
        check_version(version, &stat)
    }

    /// Plants a persistent znode, and its parents where they lack, before the ensemble begins.
    ///
    /// # Panics
    /// When the path cannot be, or is there already.
    pub fn plant(&mut self, path: &str, data: Bytes) {
        if let Some((parent, _)) = split(path)
            && self.find(parent).is_none()
        {
            self.plant(parent, Bytes::new());
        }
        let new = NewNode {
            path,
            data,
            mode: CreateMode::Persistent,
            session: SessionId::NONE,
        };
        let planted = self.create(Zxid::ZERO, new);
        planted.expect("a planted znode has a path of its own");
    }

    /// The tree that a snapshot describes; `None` when a znode in it has no parent.
    pub fn from_znodes(znodes: &[Znode]) -> Option<Tree> {
        let mut tree = Tree::new();
        for znode in znodes {
            let node = Node {
                data: znode.data.clone(),
                stat: znode.stat,
                children_changed: znode.children_changed,
                children: SortedMap::new(),
            };
            match split(&znode.path) {
                None => tree.root = Arc::new(node),
                Some((parent, name)) => {
                    let parent = tree.edit(parent)?;
                    parent.children.insert(name.into(), Arc::new(node));
                }
            }
            if let Some(session) = znode.stat.owner {
                let ephemerals = Arc::make_mut(&mut tree.ephemerals);
                let paths = ephemerals.entry(session).or_default();
                paths.insert(znode.path.clone());
            }
        }
        Some(tree)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: SessionId = SessionId(1);

    fn create(tree: &mut Tree, zxid: u64, path: &str, mode: CreateMode) -> Result<Text, Error> {
        let new = NewNode {
            path,
            data: Bytes::new(),
            mode,
            session: ONE,
        };
        tree.create(Zxid(zxid), new).map(|(path, _)| path)
    }

    #[test]
    fn a_path_is_names_between_single_slashes() {
        for path in ["/", "/a", "/a/b.c", "/brokers/ids/1"] {
            assert_eq!(check_path(path), Ok(()), "{path}");
        }
        for path in ["", "a", "/a/", "//", "/a//b", "/.", "/a/..", "/a\u{0}"] {
            assert_eq!(check_path(path), Err(Error::BadArguments), "{path:?}");
        }
    }

    #[test]
    fn a_number_never_comes_again() {
        let mut tree = Tree::new();
        let mode = CreateMode::PersistentSequential;
        tree.plant("/queue", Bytes::new());
        for (zxid, name) in ["/queue/n-0000000000", "/queue/n-0000000001"]
            .iter()
            .enumerate()
        {
            let path = create(&mut tree, zxid as u64 + 1, "/queue/n-", mode);
            assert_eq!(path.as_deref(), Ok(*name));
        }
        tree.delete(Zxid(3), "/queue/n-0000000001", ANY_VERSION)
            .unwrap();
        let path = create(&mut tree, 4, "/queue/n-", mode);
        assert_eq!(path.as_deref(), Ok("/queue/n-0000000002"));
        let path = create(&mut tree, 5, "/queue/", mode);
        assert_eq!(path.as_deref(), Ok("/queue/0000000003"));
        let stat = tree.stat("/queue").unwrap();
        assert_eq!((stat.children, stat.children_version), (3, 5));
        assert_eq!(tree.children_changed("/queue"), Some(Zxid(5)));
    }

    #[test]
    fn a_write_is_refused_for_zookeepers_reasons() {
        let mut tree = Tree::new();
        assert_eq!(
            create(&mut tree, 1, "/a/b", CreateMode::Persistent),
            Err(Error::NoNode)
        );
        create(&mut tree, 1, "/a", CreateMode::Persistent).unwrap();
        let again = create(&mut tree, 2, "/a", CreateMode::Persistent);
        assert_eq!(again, Err(Error::NodeExists));
        let root = create(&mut tree, 2, "/", CreateMode::Persistent);
        assert_eq!(root, Err(Error::NodeExists));
        create(&mut tree, 3, "/a/e", CreateMode::Ephemeral).unwrap();
        let below = create(&mut tree, 4, "/a/e/x", CreateMode::Persistent);
        assert_eq!(below, Err(Error::NoChildrenForEphemerals));
        assert_eq!(
            tree.delete(Zxid(5), "/a", ANY_VERSION),
            Err(Error::NotEmpty)
        );
        assert_eq!(
            tree.set(Zxid(5), "/a", Bytes::new(), 3),
            Err(Error::BadVersion)
        );
        assert_eq!(tree.delete(Zxid(5), "/a/e", 1), Err(Error::BadVersion));
        assert_eq!(
            tree.delete(Zxid(5), "/", ANY_VERSION),
            Err(Error::BadArguments)
        );
        assert_eq!(tree.check("/none", ANY_VERSION), Err(Error::NoNode));
    }

    #[test]
    fn a_version_counts_the_writes() {
        let mut tree = Tree::new();
        tree.plant("/a", Bytes::from_static(b"0"));
        assert_eq!(tree.stat("/a").unwrap().version, 0);
        let stat = tree
            .set(Zxid(7), "/a", Bytes::from_static(b"1"), 0)
            .unwrap();
        assert_eq!((stat.version, stat.modified), (1, Zxid(7)));
    }

    #[test]
    fn a_copy_does_not_see_later_writes() {
        let mut tree = Tree::new();
        tree.plant("/a/b", Bytes::new());
        let before = tree.clone();
        create(&mut tree, 1, "/a/b/e", CreateMode::Ephemeral).unwrap();
        assert_eq!(before.stat("/a/b/e"), None);
        assert_eq!(tree.ephemerals(ONE), vec![Text::from("/a/b/e")]);
        assert!(before.ephemerals(ONE).is_empty());
    }

    #[test]
    fn a_snapshot_holds_everything() {
        let mut tree = Tree::new();
        tree.plant("/a/b", Bytes::from_static(b"x"));
        create(&mut tree, 1, "/a/b/e", CreateMode::EphemeralSequential).unwrap();
        tree.set(Zxid(2), "/a", Bytes::from_static(b"y"), 0)
            .unwrap();
        assert_eq!(Tree::from_znodes(&tree.znodes()), Some(tree));
    }
}
