//! Lines of standard input: a script's, as far as they make sense while time passes by itself.

use std::borrow::Cow;

use kafka_playground::model::ProcessId;
use kafka_playground::script::{self, Action, Shown};
use kafka_playground::world::Command;

/// What a line asks for.
pub enum Said {
    Command(Command),
    /// What the journal comes to so far.
    Digest,
}

/// Reads a line; nothing for one that is empty or a remark.
///
/// # Errors
/// What is wrong and what would have been accepted.
pub fn read(line: &str) -> Result<Option<Said>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    match script::parse_line(&shortened(line))? {
        Action::Command(command) if of_a_socket(&command) => {
            Err("sockets are those of the clients that connect".to_owned())
        }
        Action::Command(command) => Ok(Some(Said::Command(command))),
        Action::Show(Shown::Digest) => Ok(Some(Said::Digest)),
        Action::Show(_) => Err("show digest is all that is shown here".to_owned()),
        Action::Run { .. } | Action::At(_) | Action::Step(_) => {
            Err("time passes by itself here; only what is done can be said".to_owned())
        }
    }
}

/// `kill broker 2` is a long way to say `kill b2`. Only what stands right behind the verb is shortened: what follows
/// may be text.
fn shortened(line: &str) -> Cow<'_, str> {
    let Some((verb, rest)) = line.split_once(' ') else {
        return line.into();
    };
    for (long, short) in [
        ("broker ", "b"),
        ("zookeeper ", "zk"),
        ("producer ", "p"),
        ("consumer ", "c"),
    ] {
        if let Some(whose) = rest.trim_start().strip_prefix(long)
            && whose.starts_with(|c: char| c.is_ascii_digit())
        {
            return format!("{verb} {short}{whose}").into();
        }
    }
    line.into()
}

fn of_a_socket(command: &Command) -> bool {
    match command {
        Command::OpenSocket { .. } | Command::WriteSocket { .. } | Command::CloseSocket { .. } => {
            true
        }
        Command::AddClient(client) => matches!(client.id, ProcessId::Socket(_)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> String {
        match read(line) {
            Ok(Some(Said::Command(command))) => script::print_command(&command),
            Ok(Some(Said::Digest)) => "digest".to_owned(),
            Ok(None) => String::new(),
            Err(sentence) => sentence,
        }
    }

    #[test]
    fn a_broker_may_be_called_one() {
        assert_eq!(said("kill broker 2"), "kill b2");
        assert_eq!(said(" restart b2 "), "restart b2");
        assert_eq!(said("freeze zookeeper 1"), "freeze zk1");
        assert_eq!(said("freeze  producer 1"), "freeze p1");
        assert_eq!(said("show digest"), "digest");
        assert_eq!(said("# a remark"), "");
        let quoted = r#"produce p1 orders-0 "the broker 2 fell""#;
        assert_eq!(said(quoted), quoted);
    }

    #[test]
    fn what_makes_no_sense_here_is_said() {
        for (line, part) in [
            ("run 1s", "time passes by itself"),
            ("kill broker", "broker is not a process such as"),
            ("explode b2", "explode"),
            ("bytes s1 00", "sockets are those of the clients"),
            ("socket s1", "sockets are those of the clients"),
            ("show clients", "show digest"),
        ] {
            assert!(said(line).contains(part), "{line}: {}", said(line));
        }
    }
}
