//! Whose datagram it is: by address once a check from there was authentic, by user name fragment before.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::net::IpAddr;

use super::lines::LineId;
use super::socket::Remote;

/// The other end of a path as a key.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    ip: u128,
    port: u16,
    /// 0 for UDP.
    line: u32,
}

impl From<Remote> for Key {
    fn from(remote: Remote) -> Self {
        let ip = match remote.address.ip() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
            IpAddr::V6(ip) => ip.to_bits(),
        };
        Self { ip, port: remote.address.port(), line: remote.line.map_or(0, LineId::number) }
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64((self.ip >> 64) as u64);
        state.write_u64(self.ip as u64 ^ (u64::from(self.port) << 48) ^ (u64::from(self.line) << 16));
    }
}

/// Only authenticated addresses are kept, a few for each participant, so nobody can fill the map with collisions and a plain
/// multiplicative hash will do.
#[derive(Default)]
struct Multiply(u64);

impl Hasher for Multiply {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 32;
    }
}

/// The participants of one media thread by what their datagrams show. `T` names one.
pub struct Demux<T> {
    addresses: HashMap<Key, T, BuildHasherDefault<Multiply>>,
    fragments: HashMap<String, T>,
}

impl<T: Copy + PartialEq> Demux<T> {
    /// Knows no one.
    #[must_use]
    pub fn new() -> Self {
        Self { addresses: HashMap::default(), fragments: HashMap::new() }
    }

    /// Who sends from there.
    #[must_use]
    pub fn by_address(&self, address: Remote) -> Option<T> {
        self.addresses.get(&Key::from(address)).copied()
    }

    /// Who has this user name fragment.
    #[must_use]
    pub fn by_fragment(&self, fragment: &str) -> Option<T> {
        self.fragments.get(fragment).copied()
    }

    /// A participant has proved to be there.
    pub fn learn(&mut self, address: Remote, who: T) {
        self.addresses.insert(address.into(), who);
    }

    /// A participant is no longer there. Another that has come there since stays.
    pub fn unlearn(&mut self, address: Remote, who: T) {
        if self.by_address(address) == Some(who) {
            self.addresses.remove(&address.into());
        }
    }

    /// A participant has been given this fragment.
    pub fn give(&mut self, fragment: &str, who: T) {
        self.fragments.insert(fragment.to_owned(), who);
    }

    /// A fragment is no longer anyone's.
    pub fn withdraw(&mut self, fragment: &str) {
        self.fragments.remove(fragment);
    }

    /// Gives back the room of those who are gone.
    pub fn rest(&mut self) {
        self.addresses.shrink_to_fit();
        self.fragments.shrink_to_fit();
    }

    /// How many addresses and fragments are known.
    #[cfg(test)]
    pub fn len(&self) -> (usize, usize) {
        (self.addresses.len(), self.fragments.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_forgotten_only_by_whom_it_belongs_to() {
        let mut demux = Demux::new();
        let address = Remote::udp("192.0.2.1:7".parse().expect("an address"));
        demux.learn(address, 1);
        demux.learn(address, 2);
        demux.unlearn(address, 1);
        assert_eq!(demux.by_address(Remote::udp("[::ffff:192.0.2.1]:7".parse().expect("the same, mapped"))), Some(2));
        demux.unlearn(address, 2);
        demux.give("abc", 2);
        demux.withdraw("abc");
        assert_eq!((demux.by_fragment("abc"), demux.len()), (None, (0, 0)));
    }
}
