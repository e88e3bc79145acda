//! Lines that make trouble: links, processes, disks and clocks.

use super::words::Words;
use crate::fact::Crash;
use crate::model::ProcessId;
use crate::time::Duration;
use crate::world::{ClockSetting, Command, DiskState, End, Links, Ways};

/// The command of a line, if it is one of these.
pub(super) fn command(words: &mut Words) -> Result<Option<Command>, String> {
    const LINK: &str = "a link such as b1→b3, or a host";
    const PROCESS: &str = "a process such as b2, p1 or c1";
    Ok(Some(match words.verb.clone().as_str() {
        "hold" => {
            let (links, ways) = links(&words.word(LINK)?)?;
            Command::Hold { links, ways }
        }
        "release" => {
            let (links, ways) = links(&words.word("a link such as b1→b3, a host, or all")?)?;
            Command::Release { links, ways }
        }
        "latency" => {
            let (links, ways) = links(&words.word("a link such as b1→b3, a host, or all")?)?;
            let text = words.word("a time such as 400ms, or default")?;
            let latency = match text.as_str() {
                "default" => None,
                text => Some(span(text)?),
            };
            Command::Latency {
                links,
                ways,
                latency,
            }
        }
        "cut" => {
            let (links, ways) = links(&words.word(LINK)?)?;
            Command::Cut { links, ways }
        }
        "isolate" => {
            let (links, ways) = isolated(words)?;
            Command::Cut { links, ways }
        }
        "heal" => {
            let all = "all".to_owned();
            let (links, ways) = links(&words.words.pop_front().unwrap_or(all))?;
            Command::Heal { links, ways }
        }
        "reset" => {
            // A connection has two ends; which way the arrow points makes no difference.
            let (links, _) = links(&words.word("a link such as b1↔b3, or a host")?)?;
            Command::Reset { links }
        }
        "kill" => {
            let process = words.process(PROCESS)?;
            let crash = match words.words.pop_front().as_deref() {
                None => Crash::Process,
                Some("lossy") => Crash::Machine,
                Some(word) => {
                    return Err(format!(
                        "kill {process} {word} is not kill {process} or kill {process} lossy, which \
                         also loses what was not flushed"
                    ));
                }
            };
            Command::Kill { process, crash }
        }
        "stop" => Command::Stop {
            process: words.process(PROCESS)?,
        },
        "restart" => Command::Restart {
            process: words.process(PROCESS)?,
        },
        "expire" => Command::Expire {
            process: words.process("a broker such as b2")?,
        },
        "freeze" => Command::Freeze {
            process: words.process(PROCESS)?,
        },
        "thaw" => Command::Thaw {
            process: words.process(PROCESS)?,
        },
        "disk" => {
            let broker = words.process("a broker such as b2")?;
            let state = match (words.span("slow")?, words.words.pop_front().as_deref()) {
                (Some(takes), None) if takes.is_zero() => DiskState::Fine,
                (Some(takes), None) => DiskState::Slow(takes),
                (None, Some("fine")) => DiskState::Fine,
                (None, Some("fails")) => DiskState::Fails,
                _ => return Err(format!("disk {broker} takes slow=20ms, fails, or fine")),
            };
            Command::Disk { broker, state }
        }
        "clock" => {
            let host = words.process(PROCESS)?;
            let setting = clock(host, words)?;
            Command::Clock { host, setting }
        }
        _ => return Ok(None),
    }))
}

fn span(text: &str) -> Result<Duration, String> {
    Duration::parse(text).ok_or_else(|| format!("{text} is not a time such as 400ms"))
}

fn end(text: &str) -> Result<End, String> {
    Ok(match text {
        "" => return Err("a link has two ends, as in b1→b3".to_owned()),
        "all" | "*" => End::Any,
        "brokers" => End::Brokers,
        "clients" => End::Clients,
        "zookeeper" => End::ZooKeeper,
        text => {
            let id = ProcessId::parse(text).map(End::Only);
            id.ok_or_else(|| {
                format!(
                    "{text} is not a host such as b1, p1 or c1, nor brokers, clients, zookeeper or all"
                )
            })?
        }
    })
}

fn links(text: &str) -> Result<(Links, Ways), String> {
    for arrow in ["↔", "<->", "→", "->"] {
        if let Some((from, to)) = text.split_once(arrow) {
            let ways = match arrow {
                "↔" | "<->" => Ways::Both,
                _ => Ways::One,
            };
            let links = Links {
                from: end(from)?,
                to: end(to)?,
            };
            return Ok((links, ways));
        }
    }
    let links = Links {
        from: end(text)?,
        to: End::Any,
    };
    Ok((links, Ways::Both))
}

/// `isolate b2 from brokers`: another way to write `cut b2↔brokers`.
fn isolated(words: &mut Words) -> Result<(Links, Ways), String> {
    let from = end(&words.word("a host such as b2")?)?;
    let to = match words.words.pop_front().as_deref() {
        None => End::Any,
        Some("from") => end(&words.word("brokers, clients, zookeeper, all or a host")?)?,
        Some(word) => {
            return Err(format!("{word} is not from, as in isolate b2 from brokers"));
        }
    };
    Ok((Links { from, to }, Ways::Both))
}

fn clock(host: ProcessId, words: &mut Words) -> Result<ClockSetting, String> {
    let accepted = || format!("clock {host} takes +1h, -30s, drift=100ppm or right");
    if let Some(drift) = words.text("drift")? {
        let ppm = drift.strip_suffix("ppm").and_then(|ppm| ppm.parse().ok());
        return ppm.map(ClockSetting::Drift).ok_or_else(accepted);
    }
    let text = words.word("+1h, -30s, drift=100ppm or right")?;
    if text == "right" {
        return Ok(ClockSetting::Right);
    }
    let read = |text: &str, sign: i64| {
        let micros = i64::try_from(Duration::parse(text)?.as_micros()).ok()?;
        Some(ClockSetting::Ahead(sign * micros))
    };
    let setting = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(ahead), _) => read(ahead, 1),
        (_, Some(behind)) => read(behind, -1),
        _ => None,
    };
    setting.ok_or_else(accepted)
}
