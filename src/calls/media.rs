//! The media server of this program: started with the operator's addresses, and spoken to through the exchange.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::exchange::{Calls, MediaFault, MediaServer};
use super::sfu::{self, Sfu};
use crate::config::{Config, machine};
use crate::settings::MOST_CALLS;

impl MediaServer for Sfu {
    fn send(&self, input: sfu::Input) {
        Self::send(self, input);
    }

    fn has_room(&self, call: sfu::CallId) -> bool {
        Self::has_room(self, call)
    }

    fn measured(&self) -> (sfu::Totals, Vec<u64>) {
        (self.totals(), self.busy_permille())
    }
}

/// Calls that begin in one COMMIT count those before it, not each other: at most so many more than the setting allows.
const BEGUN_TOGETHER: usize = 256;

/// Addresses that are offered to browsers, best first: those that the operator named, then the machine's own; while the program is for this
/// machine alone, the loopback that its pages come from.
fn addresses(config: &Config, own: Vec<IpAddr>) -> Vec<IpAddr> {
    let mut all = config.public_ips.clone();
    if config.listen.ip().is_loopback() && config.trusted_proxies.is_empty() {
        all.push(config.listen.ip());
    } else {
        all.extend(own);
    }
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|address| seen.insert(*address));
    if all.is_empty() {
        all.push(Ipv4Addr::LOCALHOST.into());
    }
    all
}

fn settings(config: &Config, own: Vec<IpAddr>) -> sfu::Config {
    sfu::Config {
        port: config.media_port,
        threads: config.media_threads,
        addresses: addresses(config, own),
        limits: sfu::Limits { calls: MOST_CALLS + BEGUN_TOGETHER, ..sfu::Limits::default() },
        cores: Vec::new(),
    }
}

/// Starts it. Without it the program runs all the same, and calls say why they do not.
pub fn start_media(calls: &Calls, config: &Config) {
    let settings = settings(config, machine::addresses());
    let sink = calls.clone();
    match Sfu::start(&settings, Arc::new(move |output| sink.hear_media(output))) {
        Ok(server) => calls.use_media(Arc::new(server)),
        Err(error) => {
            calls.media_fails(MediaFault { port: config.media_port, is_taken: error.kind() == std::io::ErrorKind::AddrInUse });
            tracing::error!(%error, port = config.media_port, "calls are off: the media port cannot be used; choose another with --media-port")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Given, Machine};

    fn set(change: impl FnOnce(&mut Config)) -> sfu::Config {
        let mut config = Config::from(Given::default(), &Machine { address: None, processors: 2 }).expect("defaults work");
        change(&mut config);
        settings(&config, vec!["10.1.2.3".parse().expect("an address")])
    }

    fn offered(change: impl FnOnce(&mut Config)) -> Vec<String> {
        set(change).addresses.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn for_this_machine_alone_nothing_else_reaches_the_port() {
        let at = |listen: &str, named: &[&str]| {
            let named: Vec<IpAddr> = named.iter().map(|ip| ip.parse().expect("an address")).collect();
            let listen = listen.parse().expect("an address");
            let mut settings = set(|config| (config.listen, config.public_ips, config.media_port) = (listen, named, 0));
            settings.threads = 1;
            let server = Sfu::start(&settings, Arc::new(|_| {})).expect("a port");
            server.listening()[0].ip().to_string()
        };
        assert_eq!(at("127.0.0.1:8080", &[]), "127.0.0.1");
        assert_eq!(at("127.0.0.1:8080", &["203.0.113.7"]), "::", "whoever is named a way from outside may come");
        assert_eq!(at("0.0.0.0:443", &[]), "::");
    }

    #[test]
    fn what_the_operator_names_comes_first_and_loopback_is_for_this_machine_alone() {
        assert_eq!(offered(|_| {}), ["127.0.0.1"]);
        assert_eq!(offered(|config| config.listen = "[::1]:8080".parse().expect("an address")), ["::1"]);
        let everywhere = |config: &mut Config| config.listen = "0.0.0.0:443".parse().expect("an address");
        assert_eq!(offered(everywhere), ["10.1.2.3"]);
        let named = |config: &mut Config| {
            everywhere(config);
            config.public_ips = vec!["203.0.113.7".parse().expect("an address"), "10.1.2.3".parse().expect("an address")];
        };
        assert_eq!(offered(named), ["203.0.113.7", "10.1.2.3"], "each once");
    }
}
