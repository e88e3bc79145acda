//! `serve`: the cluster on TCP, for clients that know nothing of it.
//!
//! The same `World` that the page plays runs on a thread of its own, by the wall's clock. Each broker has a
//! listener; each connection becomes a socket of the world, and its bytes become commands. So whatever a real
//! client did can be recorded and replayed.
//!
//! Contents: [`options`] the command line · [`bounds`] how much memory it takes · `addresses` where brokers listen
//! · [`engine`] the thread of the world · `peers` connections as sockets of the world, of which [`peer`] is one as
//! that thread sees it · [`scales`] how much all logs and groups weigh · [`entrance`] listeners as the operating
//! system sees them · `descriptors` how many sockets that allows · [`inward`] what clients say · [`outward`] what
//! they are told · [`either`] waiting for one of two · [`kafka`] settings that only Kafka has · [`lines`] what
//! standard input may say · [`speech`] how it is heard and answered · [`record`] the run as a script · [`scribe`] who
//! writes it down · [`stopping`] its end.
//!
//! Laws: a connection holds a bounded amount of memory in each direction, whatever its client does, and so do all
//! logs and groups together; what the world does is a function of the plan, the seed and the commands, in their
//! order, that a record holds; a broker that is dead has no listener.
//!
//! Unlike Kafka, everything is kept in memory: a broker that is restarted finds its logs, a program that is
//! started again does not. Not modelled: TLS and SASL, and addresses per listener.

mod addresses;
mod bounds;
mod descriptors;
mod either;
mod engine;
mod entrance;
mod inward;
mod kafka;
mod lines;
mod options;
mod outward;
mod peer;
mod peers;
mod record;
mod scales;
mod scribe;
mod speech;
mod stopping;

use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use kafka_playground::model::ProcessId;
use kafka_playground::script;
use kafka_playground::world::Plan;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};

use either::{Either, either};
use engine::{Engine, Event, Gate};
use entrance::{Doors, Entrance, Shared};
use options::Options;
use record::Record;
use scales::Scales;
use speech::{Speech, complain};
use stopping::{Ended, Fallen};

/// Words that make no sense, or an address that cannot be had.
const USAGE: u8 = 2;
/// A world that is told to stop at once is given so long to write its record.
const AT_ONCE: Duration = Duration::from_secs(1);
/// What was sent last is given so long to leave.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Serves until it is told to stop.
pub fn serve(words: &[&str]) -> ExitCode {
    if words.contains(&"--help") || matches!(words, ["-h" | "help"]) {
        Speech::begin().say(options::HELP.trim_end().to_owned());
        return ExitCode::SUCCESS;
    }
    let prepared = Options::read(words).and_then(|mut options| {
        let listeners = options.bind()?;
        let record = options.record.as_deref();
        let record = record.map(|file| Record::begin(file, &options.plan, options.seed));
        Ok((options, listeners, record.transpose()?))
    });
    let (options, listeners, record) = match prepared {
        Ok(prepared) => prepared,
        Err(sentence) => {
            complain(&sentence);
            return ExitCode::from(USAGE);
        }
    };
    let descriptors = descriptors::raise();
    let served = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let served =
        served.map_err(|error| format!("the sockets of this system cannot be used: {error}"));
    let ended =
        served.and_then(|runtime| runtime.block_on(run(&options, listeners, record, descriptors)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            complain(&sentence);
            ExitCode::FAILURE
        }
    }
}

async fn run(
    options: &Options,
    listeners: Vec<TcpListener>,
    record: Option<Record>,
    descriptors: Option<u64>,
) -> Result<(), String> {
    let (events, taken) = channel();
    let gates = open_gates(&options.plan, listeners, &events)?;
    let recorded = options.record.clone();
    // Who is told that all is ready may stop it at once.
    let no_signals = |error| format!("signals cannot be waited for: {error}");
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(no_signals)?;
    let ended = begin(options, gates, taken, record)?;
    let speech = Speech::begin();
    speech.say(welcome(options, descriptors));
    speech::listen(events.clone());
    let mut ended = std::pin::pin!(ended);
    let mut told = false;
    let ended = loop {
        let asked = either(terminate.recv(), hang_up.recv());
        match either(ended.as_mut(), either(interrupt.recv(), asked)).await {
            Either::First(ended) => break ended,
            Either::Second(_) if told => {
                let _ = events.send(Event::Halt);
                let _ = tokio::time::timeout(AT_ONCE, ended).await;
                return Err("stopped at once".to_owned());
            }
            Either::Second(_) => {
                told = true;
                let _ = events.send(Event::Stop);
                let what = "Stopping: brokers hand over and end. Once more stops at once.";
                speech.say(what.to_owned());
            }
        }
    };
    let file = recorded.map(|file| file.display().to_string());
    let ended = match ended {
        Ok(Ok(ended)) => ended,
        Ok(Err(fallen)) => return Err(fell(&fallen, file.as_deref())),
        Err(_) => return Err("the thread of the world is gone".to_owned()),
    };
    tokio::time::sleep(LAST_WORDS).await;
    let (text, complete) = farewell(ended, file.as_deref());
    speech.say(text);
    complete
}

/// What is said when the world has fallen over, which is never a client's fault.
fn fell(fallen: &Fallen, file: Option<&str>) -> String {
    let at = fallen.at.at;
    match file.filter(|_| fallen.recorded) {
        Some(file) => format!(
            "The world fell over at {at}, which is a mistake of this program; what it said stands above. {file} holds \
             the run up to there: kafka-playground digest {file} falls over in the same way."
        ),
        None => format!(
            "The world fell over at {at}, which is a mistake of this program; what it said stands above. With --record \
             FILE the run could be repeated."
        ),
    }
}

/// A listener and what tells it whether to listen, for each broker.
fn open_gates(
    plan: &Plan,
    listeners: Vec<TcpListener>,
    events: &Sender<Event>,
) -> Result<Vec<Gate>, String> {
    let config = plan.broker_config().map_err(|refused| refused.0)?;
    let shared = Arc::new(Shared::new(events.clone()));
    let doors = Doors {
        are_open: true,
        most: config.max_connections,
        most_of_one_host: config.max_connections_per_ip,
    };
    let mut gates = Vec::new();
    for (id, listener) in plan.brokers.iter().zip(listeners) {
        let broker = ProcessId::from(*id);
        let address: SocketAddr = listener.local_addr().map_err(|error| error.to_string())?;
        let (open, seen) = watch::channel(doors);
        let entrance = Entrance::new(broker, address, shared.clone());
        tokio::spawn(entrance.attend(listener, seen));
        gates.push(Gate::new(broker, open));
    }
    Ok(gates)
}

/// Starts the thread of the world. What comes back is how it ended.
fn begin(
    options: &Options,
    gates: Vec<Gate>,
    events: Receiver<Event>,
    record: Option<Record>,
) -> Result<oneshot::Receiver<Result<Ended, Fallen>>, String> {
    let (done, ended) = oneshot::channel();
    let scales = Scales::new(options.memory);
    let engine = Engine::new(&options.plan, options.seed, gates, events, record, scales);
    let engine = engine.map_err(|refused| refused.0)?;
    let world = thread::Builder::new().name("world".to_owned());
    let world = world.spawn(move || done.send(engine.run()));
    world.map_err(|error| format!("no thread for the world: {error}"))?;
    Ok(ended)
}

fn welcome(options: &Options, descriptors: Option<u64>) -> String {
    let addresses: Vec<String> = options
        .plan
        .addresses()
        .iter()
        .map(ToString::to_string)
        .collect();
    let count = match addresses.len() {
        1 => "1 broker".to_owned(),
        more => format!("{more} brokers"),
    };
    let mut lines = vec![
        format!("{count} at {}", addresses.join(",")),
        "This is a playground, not a data store: everything is in memory, and gone when this ends."
            .to_owned(),
    ];
    if !options.is_local() {
        let strangers = "Other machines can connect, and nobody is asked who they are.";
        lines.push(strangers.to_owned());
    }
    lines.extend(options.bounds(descriptors));
    let told = "Lines such as kill b2 and restart b2 are taken from standard input. Ctrl-C stops.";
    lines.push(told.to_owned());
    lines.push("ready".to_owned());
    lines.join("\n")
}

/// What is said at the end, and what is wrong with the record.
fn farewell(ended: Ended, file: Option<&str>) -> (String, Result<(), String>) {
    let killed = match ended.killed {
        0 => String::new(),
        1 => ", the last without anybody to hand over to".to_owned(),
        more => format!(", {more} of them without having handed over"),
    };
    let mut text = format!(
        "The brokers have ended at {}{killed}. digest {}",
        ended.at, ended.digest
    );
    let (Some(recorded), Some(file)) = (ended.recorded, file) else {
        return (text, Ok(()));
    };
    let complete = recorded.map(|bytes| {
        text += &format!(
            "\nRecorded in {file}: {bytes} bytes; kafka-playground digest {file} replays it."
        );
        if bytes > script::MOST_BYTES as u64 {
            text += "\nThat is more than the page takes, which is 1 MiB.";
        }
    });
    (text, complete)
}
