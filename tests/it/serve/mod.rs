//! The cluster on TCP: the program is started, spoken to over real sockets, and stopped.

mod bad_input;
mod batches;
mod bounds;
mod clean;
mod content;
mod control;
mod frames;
mod keeping;
mod limits;
mod members;
mod recording;
mod settings;
mod weight;

#[path = "../../wire/odd.rs"]
mod odd;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use kafka_playground::protocol::api::{
    CreateTopicsRequest, MetadataRequest, ProduceRequest, create_topics, produce,
};
use kafka_playground::protocol::records::{BatchBuilder, Codec};
use kafka_playground::protocol::{Chunks, Request, decode_response, encode_request};

pub use odd::{frame, request};

/// Nothing here takes so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program that serves.
pub struct Served {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    /// What it complains about, if that is listened to.
    pub complaints: Receiver<String>,
    pub brokers: Vec<SocketAddr>,
    /// What it has said before it was ready.
    pub said: Vec<String>,
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_kafka-playground"))
}

impl Served {
    /// Starts a cluster at ports that are free, and waits until it is ready.
    pub fn start(options: &[&str]) -> Served {
        Served::start_by(program(), options)
    }

    /// Likewise, with a limit of open files as a shell sets it, and hears what it complains about.
    pub fn start_with(limit: &str, options: &[&str]) -> Served {
        let mut shell = Command::new("sh");
        let begin = format!("{limit}; exec \"$0\" \"$@\"");
        shell.args(["-c", &begin, env!("CARGO_BIN_EXE_kafka-playground")]);
        shell.stderr(Stdio::piped());
        Served::start_by(shell, options)
    }

    pub fn start_by(mut command: Command, options: &[&str]) -> Served {
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdin = child.stdin.take();
        let lines = lines_of(child.stdout.take());
        let complaints = lines_of(child.stderr.take());
        let mut served = Served {
            child,
            stdin,
            lines,
            complaints,
            brokers: Vec::new(),
            said: Vec::new(),
        };
        let first = served.hear();
        let (_, addresses) = first.split_once(" at ").expect("it says where");
        let addresses = addresses.split(',').map(|address| address.parse());
        served.brokers = addresses.collect::<Result<_, _>>().expect("addresses");
        loop {
            let line = served.hear();
            if line == "ready" {
                break;
            }
            served.said.push(line);
        }
        served
    }

    /// The next line that it prints.
    pub fn hear(&self) -> String {
        self.lines
            .recv_timeout(PATIENCE)
            .expect("it says something")
    }

    /// Gives it a line and returns its answer.
    pub fn tell(&mut self, line: &str) -> String {
        self.tell_bytes(format!("{line}\n").as_bytes())
    }

    /// Likewise, whatever the line is.
    pub fn tell_bytes(&mut self, line: &[u8]) -> String {
        let stdin = self.stdin.as_mut().expect("it listens");
        stdin.write_all(line).expect("it takes lines");
        self.hear()
    }

    pub fn connect(&self, broker: usize) -> Client {
        Client::to(self.brokers[broker - 1])
    }

    /// How many bytes of memory it takes.
    pub fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// How many it has ever taken.
    pub fn peak(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// From now on the peak is that of what follows. How many bytes it takes now.
    pub fn forget_peak(&self) -> u64 {
        let file = format!("/proc/{}/clear_refs", self.child.id());
        std::fs::write(file, "5").expect("the system forgets it");
        self.memory()
    }

    /// How many bytes it has ever reserved, whether or not anything was written there.
    pub fn most_reserved(&self) -> u64 {
        self.status("VmPeak:")
    }

    fn status(&self, what: &str) -> u64 {
        let status = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(status).expect("it runs");
        let line = status.lines().find(|line| line.starts_with(what));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        kilobytes.expect("a number") * 1024
    }

    /// How many files and sockets it has open.
    pub fn descriptors(&self) -> usize {
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.child.id()));
        open.expect("it runs").count()
    }

    /// Interrupts it as Ctrl-C does. Everything it still says, and its exit code.
    pub fn stop(mut self) -> (Vec<String>, Option<i32>) {
        let id = self.child.id().to_string();
        let killed = Command::new("kill").args(["-INT", &id]).status();
        assert!(killed.expect("there is a kill").success());
        let code = self.wait();
        (self.lines.iter().collect(), code)
    }

    fn wait(&mut self) -> Option<i32> {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return status.code();
            }
            assert!(since.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The lines of a stream, as they come.
fn lines_of(stream: Option<impl std::io::Read + Send + 'static>) -> Receiver<String> {
    let (heard, lines) = channel();
    if let Some(stream) = stream {
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines() {
                let Ok(line) = line else { return };
                if heard.send(line).is_err() {
                    return;
                }
            }
        });
    }
    lines
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client of few words.
pub struct Client {
    pub stream: TcpStream,
    correlation: i32,
}

impl Client {
    pub fn to(address: SocketAddr) -> Client {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("somebody listens");
        Client::over(stream)
    }

    /// One that comes from an address of this machine.
    pub fn from(host: &str, to: SocketAddr) -> Client {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let stream = runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
            let from = format!("{host}:0").parse().expect("an address");
            socket.bind(from).expect("an address of this machine");
            let stream = socket.connect(to).await.expect("somebody listens");
            stream.into_std().expect("a socket")
        });
        stream.set_nonblocking(false).expect("a socket");
        Client::over(stream)
    }

    fn over(stream: TcpStream) -> Client {
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a timeout can be set");
        stream.set_nodelay(true).expect("a socket");
        Client {
            stream,
            correlation: 0,
        }
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("it is open");
    }

    /// The next frame without its size.
    pub fn read(&mut self) -> Vec<u8> {
        let mut size = [0; 4];
        self.stream.read_exact(&mut size).expect("an answer");
        let mut frame = vec![0; i32::from_be_bytes(size) as usize];
        self.stream
            .read_exact(&mut frame)
            .expect("the rest of the answer");
        frame
    }

    pub fn call<R: Request>(&mut self, request: &R, version: i16) -> R::Response {
        self.correlation += 1;
        let bytes = encode_request(request, version, self.correlation, Some("test"));
        self.write(&bytes.to_vec());
        let answer = Chunks::from(self.read());
        let (number, response) = decode_response::<R>(&answer, version).expect("readable");
        assert_eq!(number, self.correlation);
        response
    }

    /// What still comes before the other side closes, which it says by an end or a reset; nothing when it does not.
    pub fn rest(&mut self) -> Option<Vec<u8>> {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => Some(rest),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => Some(rest),
            Err(_) => None,
        }
    }

    /// Whether the other side closes without another word.
    pub fn is_closed(&mut self) -> bool {
        self.rest().is_some_and(|rest| rest.is_empty())
    }

    /// Whether nothing comes for some time.
    pub fn is_silent_for(&mut self, time: Duration) -> bool {
        self.stream.set_read_timeout(Some(time)).expect("a socket");
        let silent = self.stream.read(&mut [0]).is_err();
        let patience = Some(PATIENCE);
        self.stream.set_read_timeout(patience).expect("a socket");
        silent
    }

    /// Writes without waiting for anybody to read. How much was taken.
    pub fn write_what_fits(&mut self, bytes: &[u8]) -> usize {
        let patience = Some(Duration::from_millis(500));
        self.stream.set_write_timeout(patience).expect("a socket");
        let mut taken = 0;
        while let Ok(count) = self.stream.write(&bytes[taken..]) {
            taken += count;
            if count == 0 || taken == bytes.len() {
                break;
            }
        }
        taken
    }

    pub fn create_topic(&mut self, name: &str, partitions: i32, copies: i16) {
        let topic = create_topics::CreatableTopic {
            name: name.into(),
            num_partitions: partitions,
            replication_factor: copies,
            ..Default::default()
        };
        let request = CreateTopicsRequest {
            topics: vec![topic],
            ..Default::default()
        };
        let answer = self.call(&request, 5);
        assert_eq!(answer.topics[0].error_code, 0, "{:?}", answer.topics[0]);
    }

    /// Produces one record with acks=all; the offset that it got.
    pub fn produce(&mut self, topic: &str, value: &[u8]) -> Result<i64, i16> {
        let answer = self.call(&produced(topic, value), 7);
        let partition = &answer.responses[0].partition_responses[0];
        match partition.error_code {
            0 => Ok(partition.base_offset),
            error => Err(error),
        }
    }
}

pub fn produced(topic: &str, value: &[u8]) -> ProduceRequest {
    let mut batch = BatchBuilder::new(Codec::None);
    batch.append(1_700_000_000_000, None, Some(value), &[]);
    let partition = produce::PartitionProduceData {
        index: 0,
        records: Some(batch.build().into()),
    };
    let topic = produce::TopicProduceData {
        name: topic.into(),
        partition_data: vec![partition],
    };
    ProduceRequest {
        acks: -1,
        timeout_ms: 10_000,
        topic_data: vec![topic],
        ..Default::default()
    }
}

/// A request that says nothing at great length: what stands behind the end of a body is not looked at.
pub fn long_request(length: usize) -> Vec<u8> {
    request(18, 0, &vec![7; length])
}

pub fn is_well(client: &mut Client) {
    let answer = client.call(&MetadataRequest::default(), 1);
    assert!(!answer.brokers.is_empty());
}

/// Waits until something is so.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
