//! What this machine is called and where it is on its networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// Destinations reserved for documentation (RFC 5737, RFC 3849): choosing a route to them sends nothing.
const FAR: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))];

/// The address that other machines most likely reach this one at: the one that leaves through the default route, else the first on
/// an interface.
#[must_use]
pub fn address() -> Option<IpAddr> {
    FAR.into_iter().find_map(leaving_for).or_else(|| addresses().into_iter().next())
}

/// The source address of a datagram to `far`. Connecting a UDP socket only asks the routing table.
fn leaving_for(far: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = if far.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((far, 9)).ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_loopback() && !own.is_unspecified()).then_some(own)
}

/// Every address of this machine that is neither loopback nor link-local, version 4 first. Linux tells them in `/proc`; elsewhere only
/// the one that leaves through the default route is known.
#[must_use]
pub fn addresses() -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = Vec::new();
    if let Ok(table) = std::fs::read_to_string("/proc/net/fib_trie") {
        found.extend(own_v4(&table).into_iter().map(IpAddr::V4));
    }
    if let Ok(table) = std::fs::read_to_string("/proc/net/if_inet6") {
        found.extend(own_v6(&table).into_iter().map(IpAddr::V6));
    }
    found.extend(FAR.into_iter().find_map(leaving_for));
    found.retain(|ip| !ip.is_loopback() && !is_link_local(*ip));
    found.sort();
    found.dedup();
    found
}

/// The addresses marked as this machine's own in `/proc/net/fib_trie`: a line with the address, then one with `/32 host LOCAL`.
fn own_v4(table: &str) -> Vec<Ipv4Addr> {
    let mut last: Option<Ipv4Addr> = None;
    let mut found = Vec::new();
    for line in table.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address.parse().ok();
        } else if line == "/32 host LOCAL" {
            found.extend(last);
        }
    }
    found
}

/// The addresses of `/proc/net/if_inet6`: 32 hex digits at the start of each line.
fn own_v6(table: &str) -> Vec<Ipv6Addr> {
    table.lines().filter_map(|line| u128::from_str_radix(line.split_whitespace().next()?, 16).ok()).map(Ipv6Addr::from).collect()
}

const fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// The machine's own name, lower case, when it has one that can stand in a certificate.
#[must_use]
pub fn host_name() -> Option<String> {
    let told =
        std::fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| std::env::var("HOSTNAME").map_err(std::io::Error::other)).ok()?;
    let name = told.trim().to_ascii_lowercase();
    let fits = !name.is_empty()
        && name.len() <= 63
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
        && !name.starts_with(['-', '.']);
    (fits && name != "localhost").then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_routing_table_tells_own_addresses() {
        let table = "Local:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.1.2.0\n        /24 link UNICAST\n     |-- 10.1.2.3\n        /32 host LOCAL\n     |-- 10.1.2.255\n        /32 link BROADCAST\n";
        assert_eq!(own_v4(table), [Ipv4Addr::new(10, 1, 2, 3)]);
    }

    #[test]
    fn the_interface_table_tells_own_addresses() {
        let table = "fd000000000000000000000000000007 02 40 00 80     eth0\n00000000000000000000000000000001 01 80 10 80       lo\n";
        assert_eq!(own_v6(table), ["fd00::7".parse::<Ipv6Addr>().unwrap(), Ipv6Addr::LOCALHOST]);
    }

    #[test]
    fn no_address_of_the_machine_is_loopback() {
        assert!(addresses().iter().all(|ip| !ip.is_loopback()));
        assert!(address().is_none_or(|ip| !ip.is_loopback()));
    }
}
