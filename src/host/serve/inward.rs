//! What a client says: read from its socket and cut into requests, each of which lies in memory of its own.
//!
//! A request that is there comes as one piece, whatever the pieces were in which it travelled; so what the world keeps
//! of it keeps nothing else alive, and its records lie in a row. One that is longer than [`PIECE`], or whose rest is
//! long in coming, comes in several.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::{BufMut as _, Bytes};
use tokio::io::{AsyncRead as _, AsyncReadExt as _, ReadBuf};
use tokio::net::tcp::OwnedReadHalf;
use tokio::sync::Semaphore;

use super::engine::Event;
use super::entrance::Shared;

/// The longest piece: a request of a client that keeps to Kafka's own limit of a megabyte is one.
const PIECE: usize = 1024 * 1024 + 64 * 1024;
/// So much room a request is given at first. A size is a promise; there is more room when it is kept.
const FIRST: usize = 64 * 1024;
/// So much of one connection may lie unasked, and one piece more.
pub const MOST_UNASKED: usize = 1024 * 1024;
/// The least that a piece counts for, since the shortest takes memory too.
const LEAST: usize = 256;
/// The rest of a request is waited for so long before that which is there is handed over.
const REST: Duration = Duration::from_millis(20);

/// Some of what a client said.
pub struct Piece {
    pub bytes: Bytes,
    /// Whether a request begins with it.
    pub begins: bool,
    /// How much the one who reads is owed for it.
    pub owed: usize,
}

/// Cuts a stream of bytes where requests end.
#[derive(Default)]
struct Cutter {
    /// What has come of the piece that is being read.
    partial: Vec<u8>,
    /// How much of the request is still to come; 0 when its size is not known either.
    left: usize,
    /// Whether the piece that is being read goes on with a request of which something was handed over.
    goes_on: bool,
}

impl Cutter {
    /// Takes bytes as they came; what is whole is added to `done`.
    fn cut(&mut self, mut bytes: &[u8], done: &mut Vec<(Bytes, bool)>) {
        while !bytes.is_empty() {
            if self.left == 0 {
                bytes = self.begin(bytes);
            }
            let part = self.wanted().min(bytes.len());
            self.partial.extend_from_slice(&bytes[..part]);
            bytes = &bytes[part..];
            self.came(part, done);
        }
    }

    /// Reads the size with which a request begins, as far as it is there. The bytes behind it.
    fn begin<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let count = (4 - self.partial.len()).min(bytes.len());
        let mut size = [0; 4];
        let known = self.partial.len();
        size[..known].copy_from_slice(&self.partial);
        size[known..known + count].copy_from_slice(&bytes[..count]);
        if known + count == 4 {
            // Not a size that any broker accepts when it is below zero: it will close the connection.
            self.left = u32::from_be_bytes(size).min(i32::MAX as u32) as usize;
            let there = self.left.min(bytes.len() - count);
            let room = match there == self.left {
                true => there,
                false => self.left.min(there.max(FIRST)),
            };
            self.partial = Vec::with_capacity(4 + room.min(PIECE - 4));
            self.partial.extend_from_slice(&size);
        } else {
            self.partial.extend_from_slice(&bytes[..count]);
        }
        &bytes[count..]
    }

    /// How much may be added to the piece that is being read.
    fn wanted(&self) -> usize {
        self.left.min(PIECE - self.partial.len())
    }

    /// Room for what comes next, twice as much when all there was is used.
    fn room(&mut self) -> usize {
        let (length, wanted) = (self.partial.len(), self.wanted());
        if length == self.partial.capacity() {
            self.partial.reserve_exact(wanted.min(length.max(FIRST)));
        }
        wanted.min(self.partial.capacity() - length)
    }

    /// So many bytes of the request were added.
    fn came(&mut self, count: usize, done: &mut Vec<(Bytes, bool)>) {
        self.left -= count;
        let whole = self.left == 0 && self.partial.len() >= if self.goes_on { 1 } else { 4 };
        if whole || self.partial.len() == PIECE {
            self.hand_over(done);
        }
    }

    /// What is there is a piece, whether or not it is all.
    fn hand_over(&mut self, done: &mut Vec<(Bytes, bool)>) {
        let sized = self.goes_on || self.partial.len() >= 4;
        if self.partial.is_empty() || !sized {
            return;
        }
        let mut piece = std::mem::take(&mut self.partial);
        if piece.capacity() > 2 * piece.len() {
            piece.shrink_to_fit();
        }
        done.push((piece.into(), !self.goes_on));
        self.goes_on = self.left > 0;
    }
}

/// The task that reads from a connection.
pub struct Inward {
    pub connection: u64,
    pub from: OwnedReadHalf,
    pub credit: Arc<Semaphore>,
    pub shared: Arc<Shared>,
    cutter: Cutter,
    done: Vec<(Bytes, bool)>,
}

impl Inward {
    pub fn new(
        connection: u64,
        from: OwnedReadHalf,
        credit: Arc<Semaphore>,
        shared: Arc<Shared>,
    ) -> Inward {
        Inward {
            connection,
            from,
            credit,
            shared,
            cutter: Cutter::default(),
            done: Vec::new(),
        }
    }

    /// Reads until the client has no more to say, as long as little of what it said lies unasked.
    pub async fn run(mut self) {
        let connection = self.connection;
        let ending = loop {
            if self.credit.acquire().await.is_err() {
                return;
            }
            match self.read().await {
                Ok(0) => {
                    self.cutter.hand_over(&mut self.done);
                    self.hand_over();
                    break Event::Ended { connection };
                }
                Ok(_) => {}
                Err(_) => break Event::Broken { connection },
            }
            if !self.hand_over() {
                return;
            }
        };
        let _ = self.shared.events.send(ending);
    }

    /// Gives pieces to the world. Whether it is there.
    fn hand_over(&mut self) -> bool {
        let connection = self.connection;
        self.done.drain(..).all(|(bytes, begins)| {
            let owed = self.credit.forget_permits(bytes.len().max(LEAST));
            let piece = Piece {
                bytes,
                begins,
                owed,
            };
            let said = Event::Said { connection, piece };
            self.shared.events.send(said).is_ok()
        })
    }

    /// Reads until something is whole, or has waited long enough. Nothing was read when the client has closed its
    /// side.
    async fn read(&mut self) -> std::io::Result<usize> {
        if self.cutter.left == 0 {
            return self.land().await;
        }
        if self.cutter.partial.is_empty() {
            self.from.readable().await?;
        }
        let room = self.cutter.room();
        let mut place = (&mut self.cutter.partial).limit(room);
        match tokio::time::timeout(REST, self.from.read_buf(&mut place)).await {
            Ok(count) => {
                let count = count?;
                self.cutter.came(count, &mut self.done);
                Ok(count)
            }
            Err(_) => {
                let there = self.cutter.partial.len();
                self.cutter.hand_over(&mut self.done);
                // Nothing is there when what made the socket readable was taken back.
                Ok(there.max(1))
            }
        }
    }

    /// Reads where a request begins. That lands where all connections land, so that a silent one costs no buffer.
    async fn land(&mut self) -> std::io::Result<usize> {
        let shared = self.shared.clone();
        poll_fn(|context| {
            let mut landing = (shared.landing.lock()).unwrap_or_else(PoisonError::into_inner);
            let mut landed = ReadBuf::new(&mut landing);
            match Pin::new(&mut self.from).poll_read(context, &mut landed) {
                Poll::Ready(Ok(())) => {
                    self.cutter.cut(landed.filled(), &mut self.done);
                    Poll::Ready(Ok(landed.filled().len()))
                }
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests of some lengths, one behind the other.
    fn stream(lengths: &[usize]) -> Vec<u8> {
        let mut stream = Vec::new();
        for (number, length) in lengths.iter().enumerate() {
            stream.extend((*length as u32).to_be_bytes());
            stream.extend(std::iter::repeat_n(number as u8, *length));
        }
        stream
    }

    fn cut(stream: &[u8], sizes: usize) -> Vec<(Bytes, bool)> {
        let (mut cutter, mut done) = (Cutter::default(), Vec::new());
        stream
            .chunks(sizes)
            .for_each(|part| cutter.cut(part, &mut done));
        cutter.hand_over(&mut done);
        done
    }

    #[test]
    fn a_request_is_one_piece_however_it_was_cut() {
        let stream = stream(&[2, 1, 0, 30]);
        for sizes in 1..=stream.len() {
            let done = cut(&stream, sizes);
            let lengths: Vec<usize> = done.iter().map(|(bytes, _)| bytes.len()).collect();
            assert_eq!(lengths, [6, 5, 4, 34], "cut into {sizes}");
            assert!(done.iter().all(|(_, begins)| *begins));
            let all: Vec<Bytes> = done.into_iter().map(|(bytes, _)| bytes).collect();
            assert_eq!(all.concat(), stream);
        }
    }

    #[test]
    fn a_request_longer_than_a_piece_comes_in_several() {
        let stream = stream(&[2 * PIECE, 3]);
        for sizes in [1_000, 100_000, stream.len()] {
            let done = cut(&stream, sizes);
            let shape: Vec<(usize, bool)> = (done.iter())
                .map(|(bytes, begins)| (bytes.len(), *begins))
                .collect();
            let expected = [(PIECE, true), (PIECE, false), (4, false), (7, true)];
            assert_eq!(shape, expected, "cut into {sizes}");
        }
    }

    #[test]
    fn nothing_is_reserved_for_a_promise() {
        let mut cutter = Cutter::default();
        cutter.cut(&[0x7f, 0xff, 0xff, 0xff, 1], &mut Vec::new());
        assert!(cutter.partial.capacity() <= 4 + FIRST);
    }

    #[test]
    fn what_is_kept_of_a_request_keeps_nothing_else_alive() {
        let mut done = Vec::new();
        let mut cutter = Cutter::default();
        cutter.cut(&stream(&[200, 200_000, 200]), &mut done);
        let lengths: Vec<usize> = done.iter().map(|(bytes, _)| bytes.len()).collect();
        assert_eq!(lengths, [204, 200_004, 204]);
        for (bytes, _) in done {
            let length = bytes.len();
            let alone = bytes.try_into_mut().expect("nobody else holds it");
            assert!(alone.capacity() <= 2 * length, "{}", alone.capacity());
        }
    }
}
