//! Where brokers listen, and what clients are told of that.

use std::net::{SocketAddr, TcpListener, ToSocketAddrs};

use kafka_playground::model::Address;

use super::options::Options;

impl Options {
    /// Listens for every broker, and has the plan say where.
    ///
    /// # Errors
    /// A sentence about the first address that cannot be had.
    pub fn bind(&mut self) -> Result<Vec<TcpListener>, String> {
        let host = resolve(&self.listen)?;
        let everywhere = host.ip().is_unspecified();
        if everywhere && self.advertised.is_none() {
            return Err(format!(
                "--listen {}: nobody can connect to that address; --advertised HOST:PORT says what clients are told",
                self.listen
            ));
        }
        let mut listeners = Vec::new();
        for index in 0..self.plan.brokers.len() as u16 {
            // Port 0 is whichever is free, for each anew.
            let after = |port: u16| if port == 0 { 0 } else { port + index };
            let wanted = SocketAddr::new(host.ip(), after(host.port()));
            let listener = TcpListener::bind(wanted).map_err(|error| why_not(wanted, &error))?;
            let got = listener
                .local_addr()
                .map_err(|error| why_not(wanted, &error))?;
            let told = match &self.advertised {
                Some(address) if address.port == 0 => (address.host.clone(), got.port()),
                Some(address) => (address.host.clone(), after(address.port)),
                None => (self.listen.host.clone(), got.port()),
            };
            let (host, port) = told;
            self.plan.advertised.push(Address { host, port });
            listeners.push(listener);
        }
        Ok(listeners)
    }

    /// Whether only this machine can connect.
    pub fn is_local(&self) -> bool {
        resolve(&self.listen).is_ok_and(|address| address.ip().is_loopback())
    }
}

/// A host's address; of several the first of version 4, since that is what clients try first.
fn resolve(address: &Address) -> Result<SocketAddr, String> {
    let unknown = || {
        format!(
            "--listen {address}: {} is not the name of a host here",
            address.host
        )
    };
    let found = (&*address.host, address.port).to_socket_addrs();
    let found: Vec<SocketAddr> = found.map_err(|_| unknown())?.collect();
    let fourth = found.iter().find(|address| address.is_ipv4());
    fourth.or(found.first()).copied().ok_or_else(unknown)
}

/// Why an address cannot be had.
pub(super) fn why_not(address: SocketAddr, error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::AddrInUse => {
            format!("{address} is in use by another program; --listen chooses another port")
        }
        ErrorKind::AddrNotAvailable => format!("{address} is not an address of this machine"),
        ErrorKind::PermissionDenied => {
            format!("listening at {address} is not allowed; ports from 1024 on are free to all")
        }
        _ => format!("{address}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_for_nobody_needs_another_to_tell() {
        let mut options = Options::read(&["--listen", "0.0.0.0:0"]).expect("readable");
        let refused = options.bind().expect_err("nobody can connect there");
        assert!(refused.contains("--advertised"), "{refused}");
    }

    #[test]
    fn every_broker_says_where_it_listens() {
        let words = [
            "--listen=127.0.0.1:0",
            "--brokers=2",
            "--config",
            "num.partitions=7",
        ];
        let mut options = Options::read(&words).expect("readable");
        let listeners = options.bind().expect("some ports are free");
        let ports: Vec<u16> = listeners
            .iter()
            .map(|one| one.local_addr().expect("bound").port())
            .collect();
        let told: Vec<u16> = options
            .plan
            .addresses()
            .iter()
            .map(|address| address.port)
            .collect();
        assert_eq!(ports, told);
        assert_eq!(
            options
                .plan
                .broker_config()
                .map(|config| config.num_partitions),
            Ok(7)
        );
    }

    #[test]
    fn a_port_in_use_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = taken.local_addr().expect("bound").port();
        let listen = format!("127.0.0.1:{port}");
        let mut options =
            Options::read(&["--brokers", "1", "--listen", &listen]).expect("readable");
        let refused = options.bind().expect_err("it is taken");
        assert!(
            refused.starts_with(&format!("{listen} is in use")),
            "{refused}"
        );
    }
}
