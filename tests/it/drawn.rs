//! Whatever befalls a cluster can be drawn, at any moment and in every lens: what nobody thought of is a broken picture
//! at worst, and never the end of the page.

use kafka_playground::script::{self, Action};
use kafka_playground::stage::extract::{self, Memory};
use kafka_playground::stage::{Ask, Lens, layout, scene, svg};
use kafka_playground::swarm::{self, Budget};
use kafka_playground::time::{Duration, Instant};
use kafka_playground::world::{History, Steps};

/// The stage at 1440 and on a phone.
const SIZES: [(f64, f64); 2] = [(1000.0, 720.0), (390.0, 420.0)];

/// Of these seeds each is drawn.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=12;

/// Draws what there is to be seen.
fn draw(history: &History, memory: &mut Memory) {
    let mut snapshot = extract::snapshot(history, memory);
    snapshot.acts = true;
    extract::look_at_subject(&mut snapshot, history.world(), memory);
    for lens in [Lens::ByBroker, Lens::ByTopic, Lens::Record] {
        if lens == Lens::Record {
            extract::take_apart(&mut snapshot, history.world(), memory, &[]);
        }
        for (width, height) in SIZES {
            let ask = Ask::new(lens, width, height);
            let picture = scene(&snapshot, &layout(&snapshot, &ask));
            assert!(!picture.summary.is_empty());
            let text = svg::picture(&picture, history.now().as_micros() as f64);
            assert!(!text.contains("NaN"), "{lens:?} at {}", history.now());
        }
    }
}

/// Plays a script, drawing it whenever so much time has passed.
fn play(text: &str, every: Duration) -> History {
    let script = script::parse(text).expect("it reads");
    let mut history = History::new(&script.plan, script.seed).expect("it can be");
    let mut memory = Memory::default();
    for line in &script.lines {
        if let Action::Run { span, .. } = line.action {
            let end = history.now() + span;
            while history.now() < end {
                let next = (history.now() + every).min(end);
                history.seek(next, Steps::UNLIMITED);
                draw(&history, &mut memory);
            }
        } else {
            script::act(&mut history, line).expect("it can be carried out");
            draw(&history, &mut memory);
        }
    }
    history
}

const CLUSTER: &str = "world brokers=3 seed=7 latency=1ms zookeeper.session.timeout.ms=6000\n\
    topic t partitions=3 replication=3\nproducer p1 acks=all\nconsumer c1 subscribe=t group.id=g\n\
    consumer c2 subscribe=t group.id=g\nload p1 t every=400ms\nrun 4s\n";

#[test]
fn a_cluster_that_loses_its_controller_is_drawn_at_every_event() {
    let text = format!("{CLUSTER}kill b1\nrun 5s\n");
    let mut history = play(&text, Duration::from_secs(1));
    let mut memory = Memory::default();
    let is_led = |history: &History| {
        let mut partitions = history.world().cluster().partitions();
        partitions.all(|(_, state)| state.leader.process().is_some())
    };
    let last: Instant = history.now() + Duration::from_secs(10);
    for led in [false, true] {
        while is_led(&history) != led {
            assert!(
                history.now() < last,
                "the session ends, and somebody is elected"
            );
            history.step();
            draw(&history, &mut memory);
        }
    }
}

#[test]
fn a_partition_is_drawn_whose_whole_isr_is_dead_and_which_somebody_else_has() {
    let text = format!(
        "{CLUSTER}kill b2\nrun 30s\nkill b3\nrun 30s\nkill b1\nrun 30s\nrestart b2\nrun 30s\nrestart b1\nrun 30s\n"
    );
    play(&text, Duration::from_millis(500));
}

#[test]
fn whatever_the_swarm_does_to_a_cluster_is_drawn() {
    for seed in SEEDS {
        let script = swarm::run(seed, Budget::of(seed)).script;
        play(&script, Duration::from_millis(1_700));
    }
}
