//! Which hop keeps calls out: pure judgement of what a probe saw, in the order in which the hops must work.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};

/// More than this of what was sent must come back, in hundredths.
const LEAST_BACK: u64 = 95;

/// The hops at which a call may end, in the order in which they must work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hop {
    /// The name of the community leads nowhere.
    Name,
    /// No TCP connection.
    Connection,
    /// The certificate is not good for that name.
    Certificate,
    /// Something else answers.
    Answer,
    /// Pages are passed on, but no WebSocket.
    WebSocket,
    /// The media server does not run.
    Off,
    /// Browsers are offered an address that does not lead here.
    Address,
    /// Nothing answers at the media port.
    Port,
    /// Checks are answered, but no path was found.
    Ice,
    /// The handshake did not end.
    Dtls,
    /// Nothing of what was sent came in.
    PacketsIn,
    /// It came in, and nothing of it came back.
    PacketsOut,
    /// Short packets come through, long ones do not.
    LongPackets,
    /// Too much is lost.
    Loss,
}

impl Hop {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Name,
        Self::Connection,
        Self::Certificate,
        Self::Answer,
        Self::WebSocket,
        Self::Off,
        Self::Address,
        Self::Port,
        Self::Ice,
        Self::Dtls,
        Self::PacketsIn,
        Self::PacketsOut,
        Self::LongPackets,
        Self::Loss,
    ];

    /// As on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Connection => "connection",
            Self::Certificate => "certificate",
            Self::Answer => "answer",
            Self::WebSocket => "web_socket",
            Self::Off => "off",
            Self::Address => "address",
            Self::Port => "port",
            Self::Ice => "ice",
            Self::Dtls => "dtls",
            Self::PacketsIn => "packets_in",
            Self::PacketsOut => "packets_out",
            Self::LongPackets => "long_packets",
            Self::Loss => "loss",
        }
    }
}

/// How those fare who have no UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverTcp {
    /// They come in over TCP.
    Open,
    /// They are offered TCP, and nothing answers there.
    Closed,
    /// They are not offered it: the media port is somebody else's over TCP.
    Off,
}

impl OverTcp {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Closed, Self::Off];

    /// As on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Off => "off",
        }
    }
}

/// How far a request over HTTP came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reached {
    /// No connection.
    #[default]
    NoConnection,
    /// A certificate that is not good for the name.
    NoTrust,
    /// An answer that is not ours, or a refusal.
    Foreign,
    /// Ours, and it says that calls are off.
    Off,
    /// Ours.
    Answered,
}

/// What became of a check that was sent to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knock {
    /// Answered.
    Answered,
    /// Said to be closed.
    Closed,
    /// Nothing came.
    Silent,
}

/// What was seen of media.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Media {
    /// A path was found.
    pub ice: bool,
    /// The handshake ended.
    pub dtls: bool,
    /// Packets sent: sound, pictures.
    pub sent: [u64; 2],
    /// Those that came back.
    pub back: [u64; 2],
    /// Those that the server says came in.
    pub counted: Option<[u64; 2]>,
    /// Shortest way there and back, milliseconds.
    pub round_trip_ms: Option<u32>,
}

/// What a probe saw, as far as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The host of the community's address.
    pub host: String,
    /// Where its name leads.
    pub resolved: Vec<IpAddr>,
    /// Its first request.
    pub answer: Reached,
    /// What was said when that failed.
    pub why: Option<String>,
    /// A WebSocket's handshake came through.
    pub web_socket: bool,
    /// Where the media server says that it is.
    pub offered: Vec<SocketAddr>,
    /// The same over TCP.
    pub offered_over_tcp: Vec<SocketAddr>,
    /// Addresses that the operator named.
    pub named: Vec<IpAddr>,
    /// Checks that were sent, and what became of each.
    pub knocks: Vec<(SocketAddr, Knock)>,
    /// The same over TCP, to those that are promised.
    pub knocks_over_tcp: Vec<(SocketAddr, Knock)>,
    /// From the first check on.
    pub media: Option<Media>,
}

impl Observed {
    /// Whether a check to this address was answered.
    #[must_use]
    pub fn answers(&self, address: SocketAddr) -> bool {
        self.knocks.contains(&(address, Knock::Answered))
    }
}

/// The judgement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The first hop that fails.
    pub hop: Option<Hop>,
    /// For [`Hop::Address`]: the address that would do.
    pub better: Option<IpAddr>,
}

/// From how far away an address can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Machine,
    Network,
    Everywhere,
}

const fn reach(ip: IpAddr) -> Reach {
    match ip.to_canonical() {
        IpAddr::V4(ip) if ip.is_loopback() => Reach::Machine,
        IpAddr::V6(Ipv6Addr::LOCALHOST) => Reach::Machine,
        // The last: addresses that a provider shares among its customers (RFC 6598).
        IpAddr::V4(ip) if ip.is_private() || ip.is_link_local() || (ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64) => Reach::Network,
        IpAddr::V6(ip) if ip.is_unique_local() || ip.is_unicast_link_local() => Reach::Network,
        _ => Reach::Everywhere,
    }
}

/// The offered addresses by which those who open the community's address must reach the media server: those that the operator named,
/// otherwise those that reach as far as the address itself.
#[must_use]
pub fn promised(seen: &Observed) -> Vec<SocketAddr> {
    let far = seen.resolved.iter().map(|ip| reach(*ip)).max().unwrap_or(Reach::Machine);
    let offered = seen.offered.iter().copied();
    if !seen.named.is_empty() {
        return offered.filter(|address| seen.named.contains(&address.ip())).collect();
    }
    if far == Reach::Machine {
        return offered.collect();
    }
    offered.filter(|address| reach(address.ip()) >= far).collect()
}

/// Names the first hop that fails.
#[must_use]
pub fn judge(seen: &Observed) -> Verdict {
    let fails = |hop| Verdict { hop: Some(hop), better: None };
    if seen.resolved.is_empty() {
        return fails(Hop::Name);
    }
    match seen.answer {
        Reached::NoConnection => return fails(Hop::Connection),
        Reached::NoTrust => return fails(Hop::Certificate),
        Reached::Foreign => return fails(Hop::Answer),
        Reached::Off => return fails(Hop::Off),
        Reached::Answered if !seen.web_socket => return fails(Hop::WebSocket),
        Reached::Answered => {}
    }
    match &seen.media {
        Some(media) => Verdict { hop: of_media(media), better: None },
        None => unreached(seen),
    }
}

/// How those fare who have no UDP; none when nothing was sent to the media server, or to another address than its own.
#[must_use]
pub fn over_tcp(seen: &Observed) -> Option<OverTcp> {
    seen.knocks.first()?;
    let is_there = judge(seen).hop != Some(Hop::Address);
    is_there.then_some(match &seen.knocks_over_tcp {
        _ if seen.offered_over_tcp.is_empty() => OverTcp::Off,
        knocks if knocks.iter().any(|(_, knock)| *knock == Knock::Answered) => OverTcp::Open,
        _ => OverTcp::Closed,
    })
}

/// No promised address answers: the wrong one is promised, or the port is closed.
fn unreached(seen: &Observed) -> Verdict {
    let promised = promised(seen);
    let answering = seen.knocks.iter().find(|(_, knock)| *knock == Knock::Answered).map(|(address, _)| address.ip());
    let far = seen.resolved.iter().copied().max_by_key(|ip| reach(*ip));
    let leads_there = |address: &SocketAddr| seen.resolved.contains(&address.ip());
    if promised.is_empty() || (!promised.iter().any(leads_there) && !seen.named.is_empty()) {
        return Verdict { hop: Some(Hop::Address), better: answering.filter(|ip| seen.resolved.contains(ip)).or(far) };
    }
    Verdict { hop: Some(Hop::Port), better: None }
}

fn of_media(media: &Media) -> Option<Hop> {
    let [sound, pictures] = [0, 1].map(|kind| (media.sent[kind], media.back[kind]));
    let none_in = media.counted.is_some_and(|counted| counted == [0, 0]);
    match () {
        () if !media.ice => Some(Hop::Ice),
        () if !media.dtls => Some(Hop::Dtls),
        () if sound.1 + pictures.1 == 0 && none_in => Some(Hop::PacketsIn),
        () if sound.1 == 0 => Some(Hop::PacketsOut),
        () if pictures.1 == 0 => Some(Hop::LongPackets),
        () if (sound.1 + pictures.1) * 100 < (sound.0 + pictures.0) * LEAST_BACK => Some(Hop::Loss),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn at(text: &str) -> SocketAddr {
        SocketAddr::new(ip(text), 7_882)
    }

    /// A community at a public address, where all is well.
    fn well() -> Observed {
        Observed {
            host: "chat.example.org".to_owned(),
            resolved: vec![ip("203.0.113.7")],
            answer: Reached::Answered,
            why: None,
            web_socket: true,
            offered: vec![at("203.0.113.7"), at("10.0.0.5")],
            offered_over_tcp: vec![at("203.0.113.7"), at("10.0.0.5")],
            named: vec![ip("203.0.113.7")],
            knocks: vec![(at("203.0.113.7"), Knock::Answered), (at("10.0.0.5"), Knock::Answered)],
            knocks_over_tcp: vec![(at("203.0.113.7"), Knock::Answered)],
            media: Some(Media {
                ice: true,
                dtls: true,
                sent: [75, 150],
                back: [75, 149],
                counted: Some([75, 150]),
                round_trip_ms: Some(12),
            }),
        }
    }

    fn hop(change: impl FnOnce(&mut Observed)) -> Option<&'static str> {
        let mut seen = well();
        change(&mut seen);
        judge(&seen).hop.map(Hop::name)
    }

    fn media(change: impl FnOnce(&mut Media)) -> Option<&'static str> {
        hop(|seen| change(seen.media.as_mut().expect("media")))
    }

    #[test]
    fn every_hop_is_named_by_what_fails_first() {
        assert_eq!(hop(|_| {}), None);
        assert_eq!(hop(|seen| seen.resolved.clear()), Some("name"));
        for (reached, name) in
            [(Reached::NoConnection, "connection"), (Reached::NoTrust, "certificate"), (Reached::Foreign, "answer"), (Reached::Off, "off")]
        {
            assert_eq!(hop(|seen| seen.answer = reached), Some(name));
        }
        assert_eq!(hop(|seen| seen.web_socket = false), Some("web_socket"));
        assert_eq!(media(|media| (media.ice, media.dtls) = (false, false)), Some("ice"));
        assert_eq!(media(|media| media.dtls = false), Some("dtls"));
        assert_eq!(media(|media| (media.back, media.counted) = ([0, 0], Some([0, 0]))), Some("packets_in"));
        assert_eq!(media(|media| media.back = [0, 0]), Some("packets_out"));
        assert_eq!(media(|media| (media.back, media.counted) = ([0, 0], None)), Some("packets_out"), "as far as one can tell");
        assert_eq!(media(|media| media.back = [75, 0]), Some("long_packets"));
        assert_eq!(media(|media| media.back = [0, 150]), Some("packets_out"));
        assert_eq!((media(|media| media.back = [75, 139]), media(|media| media.back = [75, 138])), (None, Some("loss")), "95 of a hundred");
    }

    fn unreached(change: impl FnOnce(&mut Observed)) -> (&'static str, Option<String>) {
        let mut seen = well();
        seen.media = None;
        seen.knocks.iter_mut().for_each(|(_, knock)| *knock = Knock::Silent);
        change(&mut seen);
        let verdict = judge(&seen);
        (verdict.hop.expect("a hop").name(), verdict.better.map(|ip| ip.to_string()))
    }

    #[test]
    fn a_closed_port_is_told_from_a_wrong_address() {
        let better = |address: &str| Some(address.to_owned());
        assert_eq!(unreached(|_| {}), ("port", None));
        assert_eq!(unreached(|seen| seen.knocks[0].1 = Knock::Closed), ("port", None));
        // Its own address answers, since nothing is in between; the one from outside does not.
        assert_eq!(unreached(|seen| seen.knocks[1].1 = Knock::Answered), ("port", None));
        // The address that was named is not where the name leads.
        let elsewhere = |seen: &mut Observed| {
            seen.named = vec![ip("198.51.100.1")];
            seen.offered[0] = at("198.51.100.1");
            seen.knocks[0].0 = at("198.51.100.1");
        };
        assert_eq!(unreached(elsewhere), ("address", better("203.0.113.7")));
        // Behind a name of the internet only private addresses are offered.
        let unnamed = |seen: &mut Observed| {
            seen.named.clear();
            seen.offered.remove(0);
            seen.knocks[1].1 = Knock::Answered;
        };
        assert_eq!(unreached(unnamed), ("address", better("203.0.113.7")));
        // On a local network the private address is the right one.
        let local = |seen: &mut Observed| {
            unnamed(seen);
            seen.resolved = vec![ip("10.0.0.5")];
            seen.knocks[1].1 = Knock::Silent;
        };
        assert_eq!(unreached(local), ("port", None));
        // On this machine alone, with an address named that is not there.
        let own = |seen: &mut Observed| {
            seen.resolved = vec![ip("127.0.0.1")];
            seen.offered.push(at("127.0.0.1"));
            seen.knocks.push((at("127.0.0.1"), Knock::Answered));
        };
        assert_eq!(unreached(own), ("address", better("127.0.0.1")));
    }

    #[test]
    fn those_without_udp_come_in_over_tcp_or_it_is_told_why_not() {
        let found = |change: fn(&mut Observed)| {
            let mut seen = well();
            change(&mut seen);
            over_tcp(&seen).map(OverTcp::name)
        };
        assert_eq!(found(|_| {}), Some("open"));
        assert_eq!(found(|seen| seen.media = None), Some("open"), "whatever becomes of UDP");
        assert_eq!(found(|seen| seen.knocks_over_tcp[0].1 = Knock::Closed), Some("closed"));
        assert_eq!(found(|seen| seen.knocks_over_tcp[0].1 = Knock::Silent), Some("closed"));
        assert_eq!(found(|seen| seen.knocks_over_tcp.clear()), Some("closed"), "nothing that is promised is offered over it");
        assert_eq!(found(|seen| seen.offered_over_tcp.clear()), Some("off"));
        assert_eq!(found(|seen| seen.knocks.clear()), None);
        let elsewhere =
            |seen: &mut Observed| (seen.media, seen.named, seen.offered) = (None, vec![ip("198.51.100.1")], vec![at("198.51.100.1")]);
        assert_eq!(found(elsewhere), None, "one thing after the other");
    }

    #[test]
    fn what_is_promised_reaches_as_far_as_the_address_of_the_community() {
        let promises = |change: fn(&mut Observed)| {
            let mut seen = well();
            seen.named.clear();
            change(&mut seen);
            promised(&seen).iter().map(|address| address.ip().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(promises(|_| {}), ["203.0.113.7"]);
        assert_eq!(promises(|seen| seen.resolved = vec![ip("10.0.0.5")]), ["203.0.113.7", "10.0.0.5"]);
        assert_eq!(promises(|seen| seen.resolved = vec![ip("::1")]), ["203.0.113.7", "10.0.0.5"]);
        assert_eq!(promises(|seen| seen.named = vec![ip("10.0.0.5")]), ["10.0.0.5"]);
        assert!(promises(|seen| seen.offered = vec![at("100.64.0.1"), at("fd00::1")]).is_empty());
    }

    #[test]
    fn names_are_those_of_the_wire() {
        for hop in Hop::ALL {
            assert_eq!(serde_json::to_value(hop).expect("a word"), hop.name());
        }
        for tcp in OverTcp::ALL {
            assert_eq!(serde_json::to_value(tcp).expect("a word"), tcp.name());
        }
    }
}
