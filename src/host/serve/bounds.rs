//! How much memory there will be need of at the most, in sentences that are said before anybody comes.

use kafka_playground::broker::LONGEST_ANSWER;
use kafka_playground::protocol::{AMPLIFICATION, MEMORY_OF_A_REQUEST};
use kafka_playground::world::weight;

use super::options::Options;
use super::peer::SHORT;
use super::record::UNWRITTEN;
use super::scales::{GRAIN, RESERVE};

pub const MEBIBYTE: u64 = 1024 * 1024;
/// What logs and groups may weigh when nobody says.
const MOST_MEMORY: u64 = 4 * 1024 * MEBIBYTE;
/// Beside a request that is being worked on, some of the next is there; beside an answer, some that went before.
const BESIDE: u64 = 4 * MEBIBYTE;
/// So many files a program has open besides its sockets, and some more.
const FEW: u64 = 24;

impl Options {
    /// How much memory there will be need of at the most, in sentences.
    pub fn bounds(&self, descriptors: Option<u64>) -> Vec<String> {
        let Ok(config) = self.plan.broker_config() else {
            return Vec::new();
        };
        let log = &config.log;
        let logs = format!(
            "All logs and all that is known of groups together weigh at most {}: --memory. Who would produce, join or \
             commit beyond that waits; the last {} of it are left to requests of up to {} KiB of members that are in a \
             group already. Replicas share the bytes of a batch; each adds {} bytes to it, and its segments and \
             indexes. They are weighed before what was taken may have come to all that was left, but not before {} \
             were taken; and what was begun by then is finished. Not counted there: what a connection holds, the \
             facts of what happened last (16 MiB), what --record has yet to write ({}), and what is known of topics \
             and settings.",
            mebibytes(self.memory),
            mebibytes(self.memory / RESERVE),
            SHORT / 1024,
            weight::HANDLE,
            mebibytes(GRAIN),
            mebibytes(UNWRITTEN),
        );
        let partition = match log.retention_bytes {
            Some(kept) => format!(
                "A partition keeps at most {} and what arrives in {}: log.retention.bytes={kept} and a segment of {}. One \
                 that is compacted keeps the last record of each key, however many there are.",
                mebibytes(kept.saturating_add(u64::from(log.segment_bytes))),
                config.log_retention_check_interval,
                mebibytes(u64::from(log.segment_bytes)),
            ),
            None => "Without log.retention.bytes a partition keeps whatever arrives.".to_owned(),
        };
        let asked = u64::from(config.socket_request_max_bytes);
        let read = asked + (asked * (AMPLIFICATION as u64 - 1)).min(MEMORY_OF_A_REQUEST as u64);
        let batches = u64::from(config.fetch_max_bytes);
        let told = LONGEST_ANSWER as u64;
        let each = asked + read + told + batches + BESIDE;
        let mut count = u64::from(config.max_connections) * self.plan.brokers.len() as u64;
        let mut may_be = format!(
            "up to {} to each broker: max.connections",
            config.max_connections
        );
        if let Some(limit) = descriptors.filter(|limit| *limit < count.saturating_add(FEW)) {
            count = limit.saturating_sub(FEW);
            may_be = format!("up to {count}, as the system allows (ulimit -n)");
        }
        let connections = format!(
            "A connection holds at most {}: a request of {} (socket.request.max.bytes), {} when it has been read, its \
             answer of {} beside batches of {} (fetch.max.bytes), and {} of what comes next and went before. There are \
             {may_be}. If all of them did so at once, that would be {}. One request at a time is being answered, over \
             all connections; what its answer is put together from comes on top, some hundreds of MiB at the worst.",
            mebibytes(each),
            mebibytes(asked),
            mebibytes(read),
            mebibytes(told),
            mebibytes(batches),
            mebibytes(BESIDE),
            mebibytes(each.saturating_mul(count)),
        );
        vec![logs, partition, connections]
    }
}

/// Bytes as people read them.
pub fn mebibytes(bytes: u64) -> String {
    format!("{:.0} MiB", bytes as f64 / MEBIBYTE as f64)
}

/// What logs and groups may weigh when nobody says: not more than half of what there is.
pub fn memory() -> u64 {
    installed().map_or(MOST_MEMORY, |all| MOST_MEMORY.min(all / 2))
}

/// How much memory this machine has, or the group of processes that this one is in may have; nothing when nobody says.
fn installed() -> Option<u64> {
    let known = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = known
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let all = line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024;
    let limit = std::fs::read_to_string("/sys/fs/cgroup/memory.max");
    let limit = limit.ok().and_then(|limit| limit.trim().parse().ok());
    Some(limit.unwrap_or(all).min(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_said_as_sums() {
        let words = [
            "--brokers=2",
            "--memory=100",
            "--config",
            "max.connections=10",
        ];
        let said = Options::read(&words).map(|options| options.bounds(None).join("\n"));
        let said = said.expect("readable");
        for part in [
            "at most 100 MiB: --memory",
            "the last 6 MiB of it",
            "at most 80 MiB",
            // 16 and 80 for a request, 32 and 16 for an answer, 4 beside them.
            "holds at most 148 MiB",
            "up to 10 to each broker",
            "2960 MiB",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        let few = Options::read(&words).map(|options| options.bounds(Some(34)).join("\n"));
        assert!(few.is_ok_and(|few| few.contains("up to 10, as the system allows")));
    }
}
