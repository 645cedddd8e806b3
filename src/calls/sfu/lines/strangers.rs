//! Connections over which nobody has proved to be anybody: how many there may be, for how long, and which of them makes room for another.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;

use super::LineId;
use crate::calls::sfu::door::Micros;
use crate::calls::sfu::time::SECOND;

/// Most of them; beyond it one goes for each that comes.
pub const STRANGERS: usize = 128;
/// How long it may take to prove it.
pub const STRANGE: Micros = 10 * SECOND;

/// Who makes room for somebody who comes from there: the oldest of the network that has most, so that nobody who opens many keeps others out.
/// The newcomer counts for its own network.
pub(super) fn leaves(strangers: impl Iterator<Item = (LineId, IpAddr, Micros)>, newcomer: IpAddr) -> Option<LineId> {
    let mut networks: HashMap<u128, (usize, Option<(Micros, LineId)>)> = HashMap::from([(network(newcomer), (1, None))]);
    for (id, ip, since) in strangers {
        let (count, oldest) = networks.entry(network(ip)).or_default();
        *count += 1;
        *oldest = Some(oldest.map_or((since, id), |oldest| oldest.min((since, id))));
    }
    let (_, Reverse((_, id))) = networks.into_values().filter_map(|(count, oldest)| Some((count, Reverse(oldest?)))).max()?;
    Some(id)
}

/// What one customer of a provider has: an IPv4 address, or the first 64 bits of IPv6.
const fn network(ip: IpAddr) -> u128 {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits() & !(u64::MAX as u128),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who of these leaves for one from there; they are numbered and came in this order.
    fn leaver(strangers: &[&str], newcomer: &str) -> Option<u32> {
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        let numbered = (1..).zip(strangers);
        let lines = numbered.map(|(number, text)| (LineId::of(number).expect("from 1 on"), ip(text), Micros::from(number)));
        leaves(lines, ip(newcomer)).map(LineId::number)
    }

    #[test]
    fn the_oldest_of_the_network_that_has_most() {
        assert_eq!(leaver(&[], "192.0.2.1"), None);
        assert_eq!(leaver(&["192.0.2.1", "192.0.2.2", "192.0.2.2"], "192.0.2.3"), Some(2));
        assert_eq!(leaver(&["192.0.2.1", "192.0.2.2", "192.0.2.2", "192.0.2.1"], "192.0.2.2"), Some(2), "the newcomer counts");
        assert_eq!(leaver(&["192.0.2.1", "192.0.2.2"], "192.0.2.3"), Some(1), "the oldest of all where each has one");
        assert_eq!(leaver(&["192.0.2.1", "::ffff:192.0.2.2", "192.0.2.2"], "192.0.2.3"), Some(2), "the same in another spelling");
        let one_customer = ["2001:db8:0:1::1", "192.0.2.1", "2001:db8:0:2::1", "2001:db8:0:2:ffff::2"];
        assert_eq!(leaver(&one_customer, "192.0.2.1"), Some(2));
        assert_eq!(leaver(&one_customer, "192.0.2.9"), Some(3), "64 bits are one customer's");
    }
}
