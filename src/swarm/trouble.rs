//! Trouble: which kinds a run has, how often it strikes, and for how long.

use super::aim::await_moment;
use super::cluster::{ADMIN, Cluster};
use super::contract::{can_spare, is_taken_out, may_lose, touched};
use super::errand::{a_partition, a_partition_of_users, errand};
use super::kind::Kind;
use super::recovery::{Core, is_well};
use super::strike::{Strike, strike};
use super::{Budget, Draw, Run, abuse, groups, plot};
use crate::model::{BrokerId, ProcessId, TopicPartition};
use crate::time::{Duration, Instant};
use crate::world::World;

/// How much happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Intensity {
    Calm,
    Light,
    Normal,
    Storm,
    /// Several faults at once, with peace in between.
    Correlated,
    /// A fault every few minutes, for hours.
    Sparse,
}

/// The trouble of one run.
pub(super) struct Trouble<'a> {
    cluster: &'a Cluster,
    budget: Budget,
    kinds: Vec<Kind>,
    intensity: Intensity,
    /// How many of a hundred faults are aimed.
    aimed: u64,
    span: Duration,
    /// What ends the faults that have begun.
    endings: Vec<(Instant, Vec<String>)>,
    /// Nobody may be touched any more, for what was promised would not hold.
    over: bool,
    /// The random numbers of losses of power that strike amid other trouble.
    amid: Draw,
}

/// The stream of the random numbers of such losses.
const AMID: u64 = 0x300;

impl<'a> Trouble<'a> {
    pub(super) fn new(cluster: &'a Cluster, budget: Budget, draw: &mut Draw) -> Trouble<'a> {
        use Intensity::{Calm, Correlated, Light, Normal, Sparse, Storm};
        let intensity = draw.pick(&[
            Calm, Light, Light, Normal, Normal, Normal, Normal, Storm, Storm, Correlated,
        ]);
        let span = match intensity {
            Calm => draw.span(5_000, 20_000),
            Light => draw.span(30_000, 90_000),
            Normal | Correlated => draw.span(20_000, 60_000),
            Storm => draw.span(5_000, 20_000),
            Sparse => unreachable!("it is drawn elsewhere"),
        };
        let mut kinds = Kind::some(budget, draw);
        if let Some(groups) = &cluster.groups {
            kinds.extend(Kind::of_groups(budget, draw));
            kinds.extend(groups.kinds());
        }
        Trouble {
            cluster,
            budget,
            kinds,
            intensity,
            aimed: draw.pick(&[0, 25, 25, 60]),
            span,
            endings: Vec::new(),
            over: false,
            amid: Draw::new(cluster.seed, budget.stream() + AMID),
        }
    }

    /// The trouble of a long calm run.
    pub(super) fn sparse(cluster: &'a Cluster, budget: Budget, draw: &mut Draw) -> Trouble<'a> {
        let mut trouble = Trouble::new(cluster, budget, draw);
        trouble.intensity = Intensity::Sparse;
        trouble.span = draw.span(1_800_000, 4 * 3_600_000);
        trouble
    }

    /// Makes trouble until its time is up.
    pub(super) fn rage(&mut self, run: &mut Run<'_>, draw: &mut Draw) {
        let until = run.now() + self.span;
        run.run_for(draw.span(1, 3_000));
        while run.failure().is_none() && run.now() < until {
            let next = run.now() + self.gap(draw);
            self.let_pass(run, next.min(until));
            if run.now() >= until || self.intensity == Intensity::Calm || self.over {
                continue;
            }
            let at_once = match self.intensity {
                Intensity::Correlated => draw.between(2, 4),
                _ => 1,
            };
            for _ in 0..at_once {
                self.strike(run, draw);
                if at_once > 1 {
                    let pause = draw.span(0, 200);
                    run.run_for(pause);
                }
            }
        }
    }

    fn gap(&self, draw: &mut Draw) -> Duration {
        match self.intensity {
            Intensity::Calm => draw.span(1_000, 5_000),
            Intensity::Light => draw.span(3_000, 20_000),
            Intensity::Normal => draw.span(200, 5_000),
            Intensity::Storm => draw.span(1, 1_000),
            Intensity::Correlated => draw.span(5_000, 15_000),
            Intensity::Sparse => draw.span(30_000, 900_000),
        }
    }

    /// Lets time pass; faults that have lasted long enough end on the way.
    fn let_pass(&mut self, run: &mut Run<'_>, until: Instant) {
        while run.failure().is_none() {
            let due = self.endings.iter().map(|(at, _)| *at).min();
            let due = due.filter(|due| *due <= until).unwrap_or(until);
            if due > run.now() {
                run.run_for(due.since(run.now()));
            }
            let Some(at) = (self.endings.iter()).position(|(at, _)| *at <= run.now()) else {
                return;
            };
            let (_, lines) = self.endings.swap_remove(at);
            self.end(run, lines);
        }
    }

    fn end(&mut self, run: &mut Run<'_>, lines: Vec<String>) {
        // A broker with a disk that failed runs on if it had nothing to write.
        let may_run = lines.iter().any(|line| line.starts_with("disk"));
        for line in lines {
            if run.take(&line) || !line.starts_with("restart") {
                continue;
            }
            // It stops, but has not yet: a little later it will have.
            let again = run.now() + Duration::from_millis(700);
            if is_alive(run.world(), &line) && !may_run {
                self.endings.push((again, vec![line]));
            }
        }
    }

    fn strike(&mut self, run: &mut Run<'_>, draw: &mut Draw) {
        let kind = draw.pick(&self.kinds);
        match kind {
            Kind::PowerLoss if self.budget == Budget::Safe => {
                return self.lose_power_safely(run, draw);
            }
            kind if kind.is_plot() => return self.plot(kind, run, draw),
            kind if kind.is_of_groups() => return self.strike_group(kind, run, draw),
            Kind::Settings | Kind::Move | Kind::Elect | Kind::Grow | Kind::Topics => {
                let errand = errand(kind, run.world(), self.cluster, self.budget, draw);
                return self.begin(kind, run, errand);
            }
            Kind::Blackout | Kind::Seek | Kind::Numbers | Kind::Wishes => {
                let Some(partition) = a_partition(run.world(), draw) else {
                    return;
                };
                let fault = self.against(kind, &partition, run.world(), draw);
                return self.begin(kind, run, fault);
            }
            _ => {}
        }
        let noted = match draw.chance(self.aimed, 100) {
            true => await_moment(run, draw).map(|id| format!("b{id}")),
            false => None,
        };
        let broker = match (noted, draw.between(0, 5)) {
            (Some(noted), 0..4) => noted,
            (_, 0 | 1) => a_leader(run.world(), self.cluster, draw),
            (_, 2) => the_controller(run.world(), self.cluster, draw),
            _ => self.cluster.a_broker(draw),
        };
        let fault = strike(kind, &broker, self.cluster, draw);
        self.begin(kind, run, fault);
    }

    /// Trouble that befalls a group.
    fn strike_group(&mut self, kind: Kind, run: &mut Run<'_>, draw: &mut Draw) {
        let Some(groups) = &self.cluster.groups else {
            return;
        };
        if let Some(partition) = a_partition_of_users(run.world(), draw) {
            let strike = groups::strike(kind, run, groups, &partition, self.budget, draw);
            self.begin(kind, run, strike);
        }
    }

    /// Trouble in several acts.
    fn plot(&mut self, kind: Kind, run: &mut Run<'_>, draw: &mut Draw) {
        let Some(endings) = plot::play(kind, run, self.cluster, draw) else {
            return;
        };
        run.coverage().fault(kind.name());
        for (after, lines) in endings {
            self.endings.push((run.now() + after, lines));
        }
    }

    /// Trouble that is about one partition.
    fn against(
        &self,
        kind: Kind,
        partition: &TopicPartition,
        world: &World,
        draw: &mut Draw,
    ) -> Strike {
        let state = world.cluster().partition(partition);
        let leader = state.map(|state| state.leader);
        let leader = match leader {
            Some(leader) if leader != BrokerId::NONE => format!("b{leader}"),
            _ => self.cluster.a_broker(draw),
        };
        match kind {
            Kind::Numbers => abuse::numbers(&leader, partition, draw),
            Kind::Wishes => {
                // Half of what can be wished for is the controller's to grant.
                let whom = match draw.chance(1, 2) {
                    true => the_controller(world, self.cluster, draw),
                    false => leader,
                };
                abuse::wishes(&whom, partition, draw)
            }
            Kind::Seek => {
                let to = match draw.between(0, 3) {
                    0 => "beginning".to_owned(),
                    1 => format!("@{}", draw.between(0, 5_000)),
                    _ => "end".to_owned(),
                };
                let readers = self.cluster.clients.iter().map(|(name, _)| name);
                let readers = readers.filter(|name| name.starts_with('c'));
                let begin = readers.map(|name| format!("seek {name} {partition} {to}"));
                Strike {
                    begin: begin.collect(),
                    ..Strike::default()
                }
            }
            _ => {
                let isr = state.map_or(&[][..], |state| &state.isr);
                let lossy = match self.budget {
                    Budget::Harsh if draw.chance(1, 2) => " lossy",
                    _ => "",
                };
                let mut blackout = Strike {
                    lasts: draw.span(1, 20_000),
                    ..Strike::default()
                };
                for id in isr {
                    blackout.begin.push(format!("kill b{id}{lossy}"));
                    blackout.begin.push(format!("run {}", draw.span(0, 300)));
                    blackout.end.push(format!("restart b{id}"));
                }
                if self.budget == Budget::Harsh && draw.chance(1, 2) {
                    // Somebody shall lead, whatever it costs; there may be nobody left.
                    let elect = format!("elect {ADMIN} {partition} unclean");
                    blackout.begin.extend(["run 1s".to_owned(), elect]);
                }
                blackout
            }
        }
    }

    fn begin(&mut self, kind: Kind, run: &mut Run<'_>, fault: Strike) {
        let mut done = false;
        for line in &fault.begin {
            done |= run.take(line) && !line.starts_with("run");
        }
        if !done {
            return;
        }
        run.coverage().fault(kind.name());
        if !fault.end.is_empty() {
            let at = run.now() + fault.lasts;
            self.endings.push((at, fault.end));
        }
    }

    /// Everything that was begun ends, and the cluster gets well.
    fn rest(&mut self, run: &mut Run<'_>) -> bool {
        for _ in 0..60 {
            for (_, lines) in std::mem::take(&mut self.endings) {
                self.end(run, lines);
            }
            run.run_for(Duration::from_millis(500));
            if run.failure().is_some() {
                return false;
            }
            if self.endings.is_empty() && in_order(run) {
                // Sessions that were about to end have ended by then.
                run.run_for(self.cluster.session);
                return in_order(run);
            }
        }
        false
    }

    /// One broker loses its power while another member of each of its ISRs has everything, and nothing
    /// else happens until the controller has taken it out. In half of the cases everybody is well when it happens;
    /// in the others what was begun goes on, and others may have lost their power before and not be back yet, as
    /// long as the contract of durability allows it.
    fn lose_power_safely(&mut self, run: &mut Run<'_>, draw: &mut Draw) {
        let number = draw.between(1, self.cluster.brokers) as i32;
        let victim = BrokerId(number);
        if self.amid.chance(1, 2) && may_lose(run, victim, &touched(&self.endings)) {
            return self.lose_power_amid(run, victim);
        }
        if !self.rest(run) {
            return;
        }
        if !can_spare(run.world(), victim) || !run.take(&format!("kill b{number} lossy")) {
            return;
        }
        let restart = vec![format!("restart b{number}")];
        run.coverage().fault(Kind::PowerLoss.name());
        // A new controller does not know that its predecessor has been away, if it is back soon.
        let decides = run.world().truth().controller() == Some(victim);
        if draw.chance(1, 2) && !decides {
            run.run_for(draw.span(5, 300));
            self.end(run, restart);
        } else {
            let at = run.now() + self.cluster.session.times(2) + draw.span(1, 20_000);
            self.endings.push((at, restart));
        }
        self.over = !is_taken_out(run, victim);
    }

    /// Somebody loses its power in the midst of other trouble, and comes back only when the controller has
    /// taken it out of every ISR.
    fn lose_power_amid(&mut self, run: &mut Run<'_>, victim: BrokerId) {
        if !run.take(&format!("kill b{victim} lossy")) {
            return;
        }
        run.coverage().fault(Kind::PowerLossAmid.name());
        if !is_taken_out(run, victim) {
            // Whatever keeps the controller from it ends.
            for (_, mut lines) in std::mem::take(&mut self.endings) {
                lines.retain(|line| *line != format!("restart b{victim}"));
                self.end(run, lines);
            }
            self.over = !is_taken_out(run, victim);
        }
        let restart = vec![format!("restart b{victim}")];
        let at = run.now() + self.amid.span(1, 30_000);
        self.endings.push((at, restart));
    }
}

/// Whether every broker runs, is registered, and everybody is in sync.
fn in_order(run: &Run<'_>) -> bool {
    let world = run.world();
    is_well(run, &Core::default())
        || (world.plan().brokers.iter()).all(|id| world.broker_by_id(*id).is_some())
            && world.cluster().partitions().all(|(_, state)| {
                state.isr.len() == state.replicas.len() && state.leader != BrokerId::NONE
            })
}

/// Whether the host of a line `restart b1` is alive.
fn is_alive(world: &World, line: &str) -> bool {
    let id = line.split(' ').nth(1).and_then(ProcessId::parse);
    let host = id.and_then(|id| world.host(id));
    host.is_some_and(|host| host.life().is_alive())
}

fn a_leader(world: &World, cluster: &Cluster, draw: &mut Draw) -> String {
    let at = draw.between(0, cluster.partitions.len() as u64 - 1);
    let state = world.cluster().partition(&cluster.partitions[at as usize]);
    match state.map(|state| state.leader) {
        Some(leader) if leader != BrokerId::NONE => format!("b{leader}"),
        _ => cluster.a_broker(draw),
    }
}

fn the_controller(world: &World, cluster: &Cluster, draw: &mut Draw) -> String {
    match world.truth().controller() {
        Some(id) => format!("b{id}"),
        None => cluster.a_broker(draw),
    }
}
