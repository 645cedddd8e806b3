//! Checks of our own, sent to each address before any peer connection: they tell a closed port from a wrong address, over UDP and over TCP.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use rtc_crypto::RTCCryptoProvider;
use rtc_crypto::providers::RingProvider;
use rtc_stun::attributes::{ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USERNAME};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, BINDING_SUCCESS, Message, Setter, TransactionId};
use rtc_stun::textattrs::TextAttribute;

use super::verdict::Knock;

/// A check that gets no answer is sent again, as many times.
const TRIES: u32 = 3;
/// The longest answer.
const BYTES: usize = 1_500;

/// What makes a check believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    username: String,
    password: String,
}

impl Credentials {
    /// From an offer and its answer.
    #[must_use]
    pub fn of(offer: &str, answer: &str) -> Self {
        let line = |sdp: &str, name: &str| sdp.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
        let (ours, theirs) = (line(offer, "a=ice-ufrag:"), line(answer, "a=ice-ufrag:"));
        Self { username: format!("{theirs}:{ours}"), password: line(answer, "a=ice-pwd:") }
    }

    fn check(&self) -> Option<Message> {
        let mut message = Message::new();
        let username = TextAttribute::new(ATTR_USERNAME, self.username.clone());
        message.build(&[Box::new(TransactionId::new()), Box::new(BINDING_REQUEST), Box::new(username)]).ok()?;
        message.add(ATTR_PRIORITY, &[0x6e, 0xff, 0xff, 0xff]);
        message.add(ATTR_ICE_CONTROLLING, &[1, 2, 3, 4, 5, 6, 7, 8]);
        let provider = RingProvider::default();
        let integrity = MessageIntegrity::new_short_term_integrity_with_provider(self.password.clone(), provider.crypto());
        integrity.add_to(&mut message).ok()?;
        FINGERPRINT.add_to(&mut message).ok()?;
        Some(message)
    }
}

/// What became of checks to several addresses.
pub type Knocks = Vec<(SocketAddr, Knock)>;

/// Sends a check to each of these over UDP, and to each of those over TCP, all at once, and waits at most so long for answers.
#[must_use]
pub fn all(udp: &[SocketAddr], tcp: &[SocketAddr], credentials: &Credentials, patience: Duration) -> (Knocks, Knocks) {
    type One = fn(SocketAddr, &Credentials, Duration) -> Knock;
    std::thread::scope(|scope| {
        let begin = |addresses: &[SocketAddr], one: One| -> Vec<_> {
            addresses.iter().copied().map(|address| (address, scope.spawn(move || one(address, credentials, patience)))).collect()
        };
        let (udp, tcp) = (begin(udp, over_udp), begin(tcp, over_tcp));
        let [udp, tcp] = [udp, tcp]
            .map(|threads| threads.into_iter().map(|(address, thread)| (address, thread.join().unwrap_or(Knock::Silent))).collect());
        (udp, tcp)
    })
}

fn over_tcp(address: SocketAddr, credentials: &Credentials, patience: Duration) -> Knock {
    let Some(check) = credentials.check() else { return Knock::Silent };
    match TcpStream::connect_timeout(&address, patience).and_then(|stream| exchange(stream, &check, patience)) {
        Ok(answer) if answers(&answer, &check) => Knock::Answered,
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Knock::Closed,
        Ok(_) | Err(_) => Knock::Silent,
    }
}

/// Says a check over a connection and reads what comes back, each behind its length (RFC 4571).
fn exchange(mut stream: TcpStream, check: &Message, patience: Duration) -> io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(patience))?;
    let length = u16::try_from(check.raw.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes()[..], &check.raw].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length)).min(BYTES)];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

fn answers(bytes: &[u8], check: &Message) -> bool {
    let mut answer = Message::new();
    answer.raw = bytes.to_vec();
    answer.decode().is_ok() && answer.typ == BINDING_SUCCESS && answer.transaction_id == check.transaction_id
}

fn over_udp(address: SocketAddr, credentials: &Credentials, patience: Duration) -> Knock {
    let any: IpAddr = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    // A connected socket hears that the port is closed.
    let socket = UdpSocket::bind((any, 0)).and_then(|socket| socket.connect(address).map(|()| socket));
    let (Ok(socket), Some(check)) = (socket, credentials.check()) else { return Knock::Silent };
    let mut knock = Knock::Silent;
    for _ in 0..TRIES {
        if socket.send(&check.raw).is_err() {
            knock = Knock::Closed;
        }
        match heard(&socket, &check, patience / TRIES) {
            Knock::Answered => return Knock::Answered,
            Knock::Closed => knock = Knock::Closed,
            Knock::Silent => {}
        }
    }
    knock
}

/// Waits for the answer to this check.
fn heard(socket: &UdpSocket, check: &Message, patience: Duration) -> Knock {
    let end = Instant::now() + patience;
    let mut buffer = [0; BYTES];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || socket.set_read_timeout(Some(left)).is_err() {
            return Knock::Silent;
        }
        match socket.recv(&mut buffer) {
            Ok(length) if answers(&buffer[..length], check) => return Knock::Answered,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Knock::Closed,
            Err(_) => return Knock::Silent,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn credentials_are_those_of_both_descriptions() {
        let found = Credentials::of("v=0\r\na=ice-ufrag:me\r\na=ice-pwd:mine\r\n", "v=0\r\na=ice-ufrag:you\r\na=ice-pwd:yours\r\n");
        assert_eq!(found, Credentials { username: "you:me".to_owned(), password: "yours".to_owned() });
        assert!(found.check().is_some_and(|check| check.typ == BINDING_REQUEST));
    }

    #[test]
    fn a_closed_port_is_told_from_one_that_swallows() {
        let swallows = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let silent = swallows.local_addr().expect("bound");
        let closed = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
        let (found, none) = all(&[silent, closed], &[], &Credentials::default(), Duration::from_millis(300));
        assert_eq!((found, none.len()), (vec![(silent, Knock::Silent), (closed, Knock::Closed)], 0));
    }

    #[test]
    fn over_tcp_too_and_so_is_one_where_somebody_else_answers() {
        let bound = || TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = |listener: &TcpListener| listener.local_addr().expect("bound");
        let (swallows, other, closed) = (bound(), bound(), address(&bound()));
        let says = std::thread::spawn({
            let other = other.try_clone().expect("a descriptor");
            move || other.accept().and_then(|(mut stream, _)| stream.write_all(b"SSH-2.0-OpenSSH\r\n\r\n"))
        });
        let (none, found) = all(&[], &[address(&swallows), address(&other), closed], &Credentials::default(), Duration::from_millis(300));
        says.join().expect("no panic").expect("said");
        let knocks: Vec<Knock> = found.into_iter().map(|(_, knock)| knock).collect();
        assert_eq!((none.len(), knocks), (0, vec![Knock::Silent, Knock::Silent, Knock::Closed]));
    }
}
