//! What stands in `zookeeper.properties`.

use crate::time::Duration;

/// The ensemble's settings. Defaults are ZooKeeper's, with the limits of its sample configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZooKeeperConfig {
    /// `tickTime`: the unit of everything else. Sessions live between 2 and 20 ticks.
    pub tick_time: Duration,
    /// `initLimit`: for so many ticks a follower may take to connect and to copy the leader's state.
    pub init_limit: u32,
    /// `syncLimit`: after so many ticks of silence a follower and its leader part.
    pub sync_limit: u32,
}

impl Default for ZooKeeperConfig {
    fn default() -> ZooKeeperConfig {
        ZooKeeperConfig {
            tick_time: Duration::from_millis(3_000),
            init_limit: 10,
            sync_limit: 5,
        }
    }
}

impl ZooKeeperConfig {
    /// The settings there are.
    pub const NAMES: [&'static str; 3] = ["tickTime", "initLimit", "syncLimit"];

    /// Sets one property by its name.
    ///
    /// # Errors
    /// A sentence that says what would have been accepted.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let limit = || {
            let number = value.parse::<u32>().ok();
            let number = number.filter(|number| (1..=1_000).contains(number));
            number.ok_or_else(|| format!("{name}={value} is not a count of ticks from 1 to 1000"))
        };
        match name {
            "tickTime" => {
                let span = Duration::parse(value);
                let fits = |span: &Duration| {
                    (Duration::from_millis(10)..=Duration::from_secs(60)).contains(span)
                };
                self.tick_time = span
                    .filter(fits)
                    .ok_or_else(|| format!("{name}={value} is not a time from 10ms to 60s"))?;
            }
            "initLimit" => self.init_limit = limit()?,
            "syncLimit" => self.sync_limit = limit()?,
            _ => {
                return Err(format!(
                    "{name} is not a setting of ZooKeeper, which has tickTime, initLimit and syncLimit"
                ));
            }
        }
        Ok(())
    }

    /// How long a follower may take to become one.
    pub fn init_time(&self) -> Duration {
        self.tick_time.times(u64::from(self.init_limit))
    }

    /// How long a follower and its leader bear silence.
    pub fn sync_time(&self) -> Duration {
        self.tick_time.times(u64::from(self.sync_limit))
    }

    /// A session's timeout, brought to between 2 and 20 ticks.
    pub fn session_timeout(&self, asked: Duration) -> Duration {
        let (least, most) = (self.tick_time.times(2), self.tick_time.times(20));
        asked.max(least).min(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lives_between_two_and_twenty_ticks() {
        let config = ZooKeeperConfig::default();
        for (asked, granted) in [(1, 6), (6, 6), (18, 18), (600, 60)] {
            let granted = Duration::from_secs(granted);
            assert_eq!(config.session_timeout(Duration::from_secs(asked)), granted);
        }
    }

    #[test]
    fn settings_have_zookeepers_names() {
        let mut config = ZooKeeperConfig::default();
        config.set("tickTime", "2000").unwrap();
        config.set("syncLimit", "2").unwrap();
        assert_eq!(config.sync_time(), Duration::from_secs(4));
        assert!(config.set("tickTime", "0").is_err());
        assert!(config.set("dataDir", "/tmp").is_err());
    }
}
