//! Parts: what the leader of a generation hands in is what its members get, and it leaves nothing out.

use std::collections::VecDeque;

use bytes::Bytes;

use super::asked::Asked;
use super::wire::answer;
use super::{Invariant, View, broker};
use crate::client::consumer::assignor::Assignor;
use crate::fact::{Entry, Fact};
use crate::group::Group;
use crate::model::{BrokerId, ConnectionId, ProcessId, Text, TopicName, TopicPartition};
use crate::protocol::api::{JoinGroupRequest, SyncGroupRequest};
use crate::protocol::consumer_protocol::{Assignment, Subscription};
use crate::protocol::{AnyRequest, ApiKey};
use crate::sorted::{SortedMap, SortedSet};
use crate::world::World;

/// K3 whoever is given a part of a generation is given, byte for byte, what the leader of that generation has handed
/// in for him, or nothing if it has left him out; and he reads that and nothing else.
///
/// K4 of every topic that a member wants, a leader that divides by an assignor of Kafka's own gives each partition
/// that it knows to somebody; `cooperative-sticky`, which holds back what is still another's, may leave out what some
/// member says that it owns.
///
/// Both are read off the wire: what a coordinator believes to have been handed in is not asked. Two coordinators may
/// begin a generation of one number, the second because the first has written nothing of it down: then what either
/// leader has handed in will do.
#[derive(Clone, Debug, Default)]
pub struct PartsAreTheLeaders {
    asked: Asked,
    /// The last generations of each group, the oldest first.
    generations: SortedMap<Text, VecDeque<Generation>>,
    /// What each consumer was told of the generation that it leads, until it has divided it.
    led: SortedMap<ProcessId, Led>,
    /// What part each consumer was given last.
    given: SortedMap<ProcessId, Given>,
}

/// A generation, as it began.
#[derive(Clone, Debug)]
struct Generation {
    number: i32,
    leader: Text,
    members: SortedSet<Text>,
    /// Which of them bears which name. Who comes back under a name has his predecessor's part.
    names: SortedMap<Text, Text>,
    /// What its leader has handed in. It may have done so more than once.
    handed_in: Vec<SortedMap<Text, Bytes>>,
}

/// What a leader knows of its generation.
#[derive(Clone, Debug)]
struct Led {
    group: Text,
    number: i32,
    /// What each member wants.
    wanted: Vec<Vec<Text>>,
    /// What may be held back, for somebody owns it.
    claimed: SortedSet<TopicPartition>,
}

/// A part, of which member of which generation.
#[derive(Clone, Debug)]
struct Given {
    number: i32,
    member: Text,
    part: Bytes,
}

/// So many generations of a group are remembered.
const REMEMBERED: usize = 8;

impl Invariant for PartsAreTheLeaders {
    fn name(&self) -> &'static str {
        "PartsAreTheLeaders"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        self.asked
            .follow(view.world, entry, |api| api == ApiKey::SyncGroup);
        for frame in self.asked.fresh().to_vec() {
            if let Ok((_, AnyRequest::SyncGroup(request))) = AnyRequest::decode(&frame) {
                self.hands_in(&request);
            }
        }
        match &entry.fact {
            Fact::RequestSent {
                connection,
                api: ApiKey::SyncGroup,
                correlation_id,
                ..
            } => self.asks(view.world, *connection, *correlation_id),
            Fact::GroupGenerationBegan {
                group,
                generation,
                members,
                leader: Some(leader),
            } => {
                if let Some(by) = broker(entry) {
                    self.began(view.world, by, group, (*generation, leader), members);
                }
                Ok(())
            }
            Fact::ResponseSent {
                connection,
                api,
                version,
                correlation_id,
            } => {
                let over = (*connection, *version, *correlation_id);
                match api {
                    ApiKey::JoinGroup => self.joined(view.world, over),
                    ApiKey::SyncGroup => return self.answered(view.world, over),
                    _ => {}
                }
                Ok(())
            }
            Fact::PartitionsAssigned { group, .. } => self.reads(view.world, entry, group),
            Fact::Killed { .. } | Fact::Stopped => {
                if let Some(gone) = entry.by {
                    self.led.remove(&gone);
                    self.given.remove(&gone);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl PartsAreTheLeaders {
    fn began(
        &mut self,
        world: &World,
        by: BrokerId,
        group: &Text,
        (number, leader): (i32, &Text),
        members: &[Text],
    ) {
        let broker = world.broker_by_id(by);
        let known = broker.and_then(|broker| broker.coordinator().group(group));
        let known = known.into_iter().flat_map(Group::members);
        let names =
            known.filter_map(|member| Some((member.instance_id.clone()?, member.id.clone())));
        let generations = self.generations.entry(group.clone()).or_default();
        if generations.len() == REMEMBERED {
            generations.pop_front();
        }
        generations.push_back(Generation {
            number,
            leader: leader.clone(),
            members: members.iter().cloned().collect(),
            names: names.collect(),
            handed_in: Vec::new(),
        });
    }

    /// A consumer is told who is in its generation, if it leads it.
    fn joined(&mut self, world: &World, over: (ConnectionId, i16, i32)) {
        let (connection, version, id) = over;
        let opener = connection.opener;
        if !matches!(opener, ProcessId::Consumer(_)) {
            return;
        }
        self.led.remove(&opener);
        let Some(told) = answer::<JoinGroupRequest>(world, connection, version, id) else {
            return;
        };
        let protocol = told.protocol_name.as_deref().and_then(Assignor::parse);
        if told.error_code != 0 || told.members.is_empty() || told.skip_assignment {
            return;
        }
        let Some(assignor) = protocol else {
            return;
        };
        let mut claimed = SortedSet::new();
        if assignor.is_cooperative() {
            let said = told.members.iter();
            let said = said.filter_map(|member| Subscription::read(&member.metadata).ok());
            claimed.gather(said.flat_map(|said| said.owned().collect::<Vec<TopicPartition>>()));
        }
        let consumer = world.host(opener).and_then(|host| host.consumer());
        let wanted = told.members.iter();
        let wanted =
            wanted.map(|member| Subscription::topics(&member.metadata).unwrap_or_default());
        if let Some(consumer) = consumer {
            let led = Led {
                group: consumer.config().group_id.clone(),
                number: told.generation_id,
                wanted: wanted.collect(),
                claimed,
            };
            self.led.insert(opener, led);
        }
    }

    /// A member asks for its part; the leader hands in all of them.
    fn asks(&mut self, world: &World, connection: ConnectionId, id: i32) -> Result<(), String> {
        let frame = self.asked.get(connection, id);
        let request = frame.and_then(|frame| AnyRequest::decode(frame).ok());
        let Some((_, AnyRequest::SyncGroup(request))) = request else {
            return Ok(());
        };
        let parts = self.hands_in(&request);
        let opener = connection.opener;
        let divided =
            |led: &&Led| led.group == request.group_id && led.number == request.generation_id;
        if self.led.get(&opener).filter(divided).is_none() {
            return Ok(());
        }
        match self.led.remove(&opener) {
            Some(led) => everything_is_given(world, opener, &led, &parts),
            None => Ok(()),
        }
    }

    /// Notes what a leader hands in.
    fn hands_in(&mut self, request: &SyncGroupRequest) -> SortedMap<Text, Bytes> {
        let parts = request.assignments.iter();
        let parts = parts.map(|part| (part.member_id.clone(), part.assignment.clone()));
        let parts: SortedMap<Text, Bytes> = parts.collect();
        let generations = self.generations.get_mut(&request.group_id);
        for known in generations.into_iter().flatten() {
            let leads = known.number == request.generation_id && known.leader == request.member_id;
            if leads && !known.handed_in.contains(&parts) {
                known.handed_in.push(parts.clone());
            }
        }
        parts
    }

    /// K3, as a member is given its part.
    fn answered(&mut self, world: &World, over: (ConnectionId, i16, i32)) -> Result<(), String> {
        let (connection, version, id) = over;
        let frame = self.asked.take(connection, id);
        let request = frame.and_then(|frame| AnyRequest::decode(&frame).ok());
        let told = answer::<SyncGroupRequest>(world, connection, version, id);
        let (Some((_, AnyRequest::SyncGroup(request))), Some(told)) = (request, told) else {
            return Ok(());
        };
        if told.error_code != 0 {
            return Ok(());
        }
        if let ProcessId::Consumer(_) = connection.opener {
            let given = Given {
                number: request.generation_id,
                member: request.member_id.clone(),
                part: told.assignment.clone(),
            };
            self.given.insert(connection.opener, given);
        }
        let known = self.generations.get(&request.group_id);
        let known = known.into_iter().flatten();
        let known = known.filter(|known| known.number == request.generation_id);
        let known = known.filter_map(|known| Some((known, known.part_of(&request)?)));
        let known: Vec<(&Generation, Text)> = known.collect();
        let handed_in = known.iter().flat_map(|(known, whose)| {
            let handed_in = known.handed_in.iter();
            handed_in.map(move |parts| parts.get(whose).cloned().unwrap_or_default())
        });
        let handed_in: Vec<Bytes> = handed_in.collect();
        let (member, generation) = (&request.member_id, request.generation_id);
        let group = &request.group_id;
        if handed_in.contains(&told.assignment) || known.is_empty() {
            return Ok(());
        }
        match handed_in.first() {
            Some(part) => Err(format!(
                "K3: {member} is given {} of generation {generation} of {group}, whose leader has handed in {} for it",
                shown(&told.assignment),
                shown(part)
            )),
            None if self.asked.is_incomplete() => Ok(()),
            None => Err(format!(
                "K3: {member} is given {} of generation {generation} of {group}, whose leader has handed in nothing",
                shown(&told.assignment)
            )),
        }
    }

    /// K3, as a member takes its part.
    fn reads(&self, world: &World, entry: &Entry, group: &Text) -> Result<(), String> {
        let consumer = entry.by.and_then(|by| world.host(by)?.consumer());
        let place = consumer.and_then(|consumer| Some((consumer, consumer.membership()?)));
        let given = entry.by.and_then(|by| self.given.get(&by));
        let (Some((consumer, membership)), Some(given)) = (place, given) else {
            return Ok(());
        };
        let generation = &membership.generation;
        let same = given.number == generation.number && given.member == generation.member;
        // Who has given up at once what it was given subscribes to something else by now.
        if !membership.is_stable() || !same {
            return Ok(());
        }
        let part = Assignment::read(&given.part).unwrap_or_default();
        let part: SortedSet<TopicPartition> = part.partitions().collect();
        let reads = consumer.partitions().map(|view| view.partition.clone());
        let reads: SortedSet<TopicPartition> = reads.collect();
        match reads == part {
            true => Ok(()),
            false => Err(format!(
                "K3: {} reads {} partitions of {group}, and was given {}",
                generation.member,
                reads.len(),
                part.len()
            )),
        }
    }
}

impl Generation {
    /// Under which id the part of who asks was handed in; `None` when he is no member of this generation.
    fn part_of(&self, request: &SyncGroupRequest) -> Option<Text> {
        if self.members.contains(&request.member_id) {
            return Some(request.member_id.clone());
        }
        let name = request.group_instance_id.as_ref()?;
        self.names.get(name).cloned()
    }
}

/// K4, as a leader hands in what it has divided: by what it knows of the topics itself.
fn everything_is_given(
    world: &World,
    leader: ProcessId,
    led: &Led,
    parts: &SortedMap<Text, Bytes>,
) -> Result<(), String> {
    let Some(consumer) = world.host(leader).and_then(|host| host.consumer()) else {
        return Ok(());
    };
    let mut given = SortedSet::new();
    for part in parts.values() {
        given.extend(Assignment::read(part).unwrap_or_default().partitions());
    }
    let topics: SortedSet<&Text> = led.wanted.iter().flatten().collect();
    for topic in topics.iter().map(|topic| TopicName((*topic).clone())) {
        let known = consumer.metadata().topic(&topic);
        let count = known.map_or(0, |known| known.partitions.len());
        let all = (0..count).map(|partition| TopicPartition {
            topic: topic.clone(),
            partition: partition as i32,
        });
        let held = |one: &TopicPartition| given.contains(one) || led.claimed.contains(one);
        if let Some(missing) = all.into_iter().find(|one| !held(one)) {
            return Err(format!(
                "K4: {leader} gives {missing} to nobody in generation {} of {}",
                led.number, led.group
            ));
        }
    }
    Ok(())
}

/// A part, for people.
fn shown(part: &Bytes) -> String {
    let read = Assignment::read(part).unwrap_or_default();
    let all: Vec<String> = read.partitions().map(|one| one.to_string()).collect();
    match all.is_empty() {
        true => "nothing".to_owned(),
        false => all.join(", "),
    }
}
