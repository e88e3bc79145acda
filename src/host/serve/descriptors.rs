//! How many files and sockets the system lets this program have open.

/// Asks the system for as many as it gives to anybody who asks: a shell's own limit is often a thousand, which is one
/// connection too few for a thousand clients. How many it then lets this program have; nothing when it does not say.
pub fn raise() -> Option<u64> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the call writes to the one structure that it is given, and does nothing else.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return None;
    }
    let raised = libc::rlimit {
        rlim_cur: limit.rlim_max,
        rlim_max: limit.rlim_max,
    };
    // SAFETY: the call reads the one structure that it is given, and changes a number that the system keeps.
    if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const raised) } == 0 {
        limit = raised;
    }
    Some(limit.rlim_cur)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_raised_stays_so() {
        let limit = raise();
        assert!(limit.is_some_and(|limit| limit >= 64), "{limit:?}");
        assert_eq!(raise(), limit);
    }
}
