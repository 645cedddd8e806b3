//! The probe's browser: a voice and pictures go out with the time of their sending in them, and what comes back is counted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::browser::{Browser, Header, Kind, Plan};
use super::verdict::Media;
use crate::config::machine;
use crate::error::Result;

/// A packet of sound leaves as often; pictures take two packets each time.
const EVERY: Duration = Duration::from_millis(20);
/// What is still on its way is waited for.
const LAST: Duration = Duration::from_secs(2);
/// Bytes of a payload of sound, and of a picture: these are as long as they come.
const LENGTHS: [usize; 2] = [80, 1_100];
/// Where in a payload the time of its sending stands: behind what the media server reads of a picture.
const STAMP: usize = 16;

/// What came back.
#[derive(Default)]
struct Back {
    begun: OnceLock<Instant>,
    counts: [AtomicU64; 2],
    /// Of all that came back, microseconds; 0 before the first.
    shortest: AtomicU64,
}

impl Back {
    fn now(&self) -> u64 {
        let begun = self.begun.get_or_init(Instant::now);
        u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn came(&self, kind: Kind, payload: &[u8]) {
        self.counts[kind as usize].fetch_add(1, Ordering::Relaxed);
        let stamp = payload.get(STAMP..STAMP + 8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
        if let Some(took) = stamp.and_then(|sent| self.now().checked_sub(sent)) {
            let least = |known: u64| (known == 0 || took < known).then(|| took.max(1));
            let _ = self.shortest.fetch_update(Ordering::Relaxed, Ordering::Relaxed, least);
        }
    }

    fn counts(&self) -> [u64; 2] {
        [0, 1].map(|kind| self.counts[kind].load(Ordering::Relaxed))
    }
}

/// A browser that sends a voice and a picture, and receives one of each. To be closed: what is dropped goes on.
pub struct Peer {
    browser: Browser,
    back: Arc<Back>,
}

impl Peer {
    /// One that leaves from this machine's addresses for those.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn new(towards: &[IpAddr]) -> Result<Self> {
        Box::pin(Self::of(towards, &Kind::ALL)).await
    }

    /// The same with a voice alone.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn with_sound(towards: &[IpAddr]) -> Result<Self> {
        Box::pin(Self::of(towards, &[Kind::Sound])).await
    }

    async fn of(towards: &[IpAddr], kinds: &[Kind]) -> Result<Self> {
        let back = Arc::new(Back::default());
        let counts = Arc::clone(&back);
        let (knows, sends, slots) = (kinds.to_vec(), kinds.to_vec(), kinds.to_vec());
        let plan = Plan { knows, sends, slots, from: own_addresses(towards), refresh: None };
        let browser = Box::pin(Browser::new(&plan, Arc::new(move |kind, packet| counts.came(kind, &packet.payload)))).await?;
        Ok(Self { browser, back })
    }

    /// Its whole offer.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn offer(&self) -> Result<String> {
        self.browser.offer().await
    }

    /// Takes the answer and waits until media could flow, or for so long.
    ///
    /// # Errors
    /// When it does not understand the answer.
    pub async fn connect(&self, answer: &str, patience: Duration) -> Result<Media> {
        let came = self.browser.connect(answer, patience).await?;
        Ok(Media { ice: came.ice, dtls: came.dtls, ..Media::default() })
    }

    /// Sends a voice and pictures for so long, and counts what comes back.
    pub async fn talk(&self, during: Duration, media: &mut Media) {
        let mut ticks = tokio::time::interval(EVERY);
        // A machine that is busy sends less, and not all at once.
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let end = tokio::time::Instant::now() + during;
        let mut picture: u16 = 0;
        while tokio::time::Instant::now() < end {
            ticks.tick().await;
            picture = picture.wrapping_add(1);
            self.send(Kind::Sound, picture, picture, true, &mut media.sent).await;
            let first = picture.wrapping_mul(2);
            self.send(Kind::Picture, first, picture, false, &mut media.sent).await;
            self.send(Kind::Picture, first.wrapping_add(1), picture, true, &mut media.sent).await;
        }
        let all_back = || self.back.counts().iter().zip(media.sent).all(|(back, sent)| *back >= sent);
        let end = tokio::time::Instant::now() + LAST;
        while !all_back() && tokio::time::Instant::now() < end {
            ticks.tick().await;
        }
        media.back = self.back.counts();
        let micros = self.back.shortest.load(Ordering::Relaxed);
        media.round_trip_ms = (micros > 0).then(|| u32::try_from(micros.div_ceil(1_000)).unwrap_or(u32::MAX));
    }

    async fn send(&self, kind: Kind, sequence_number: u16, frame: u16, marker: bool, sent: &mut [u64; 2]) {
        let mut payload = vec![0; LENGTHS[kind as usize]];
        if kind == Kind::Picture {
            vp8(&mut payload, frame, !marker);
        }
        payload[STAMP..STAMP + 8].copy_from_slice(&self.back.now().to_be_bytes());
        let timestamp = u32::from(frame) * if kind == Kind::Sound { 960 } else { 1_800 };
        if self.browser.send(kind, Header { marker, sequence_number, timestamp, ..Header::default() }, payload).await {
            sent[kind as usize] += 1;
        }
    }

    /// Sends a packet of silence: the frame of Opus that says nothing for a while (RFC 6716, section 3.1: no data but the first byte).
    pub async fn hush(&self, number: u16) {
        let header = Header { sequence_number: number, timestamp: u32::from(number) * 19_200, ..Header::default() };
        self.browser.send(Kind::Sound, header, vec![0xf8, 0xff, 0xfe]).await;
    }

    /// Ends it, with its sockets.
    pub async fn close(&self) {
        self.browser.close().await;
    }
}

/// Where it may leave from: loopback for this machine, its other addresses for everything else.
fn own_addresses(towards: &[IpAddr]) -> Vec<String> {
    let mut from: Vec<IpAddr> = machine::addresses();
    let loopback = |v4: bool| towards.iter().any(|ip| ip.is_loopback() && ip.is_ipv4() == v4);
    if loopback(true) || from.is_empty() {
        from.insert(0, Ipv4Addr::LOCALHOST.into());
    }
    if loopback(false) {
        from.insert(0, Ipv6Addr::LOCALHOST.into());
    }
    from.into_iter().map(|ip| SocketAddr::new(ip, 0).to_string()).collect()
}

/// What the media server reads of a picture's packet: a descriptor with the picture's number (RFC 7741), and in its first packet a
/// keyframe of 640 × 480 (RFC 6386, section 9.1).
fn vp8(payload: &mut [u8], picture: u16, is_first: bool) {
    let [high, low] = picture.to_be_bytes();
    payload[..4].copy_from_slice(&[if is_first { 0x90 } else { 0x80 }, 0x80, 0x80 | high, low]);
    if is_first {
        payload[4..14].copy_from_slice(&[0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01]);
    }
}

/// Addresses of an answer's candidates over `udp` or `tcp`, each once.
#[must_use]
pub fn candidates(sdp: &str, transport: &str) -> Vec<SocketAddr> {
    let mut found = Vec::new();
    for address in sdp.lines().filter_map(|line| address_of(line, transport)) {
        if !found.contains(&address) {
            found.push(address);
        }
    }
    found
}

/// The answer with these candidates over UDP alone.
#[must_use]
pub fn only(sdp: &str, addresses: &[SocketAddr]) -> String {
    let stays =
        |line: &&str| !line.starts_with("a=candidate:") || address_of(line, "udp").is_some_and(|address| addresses.contains(&address));
    sdp.lines().filter(stays).map(|line| format!("{line}\r\n")).collect()
}

fn address_of(line: &str, transport: &str) -> Option<SocketAddr> {
    let fields: Vec<&str> = line.strip_prefix("a=candidate:")?.split(' ').collect();
    fields.get(2).filter(|named| named.eq_ignore_ascii_case(transport))?;
    Some(SocketAddr::new(fields.get(4)?.parse().ok()?, fields.get(5)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_left_with_the_candidates_that_are_tried() {
        let sdp = "v=0\r\na=candidate:1 1 udp 2 203.0.113.7 7882 typ host\r\na=candidate:2 1 udp 1 10.0.0.5 7882 typ host\r\na=candidate:3 1 tcp 1 10.0.0.5 7882 typ host tcptype passive\r\na=candidate:1 1 udp 2 203.0.113.7 7882 typ host\r\n";
        let found = candidates(sdp, "udp");
        assert_eq!(candidates(sdp, "tcp"), ["10.0.0.5:7882".parse::<SocketAddr>().expect("an address")]);
        assert_eq!(found, ["203.0.113.7:7882", "10.0.0.5:7882"].map(|address| address.parse::<SocketAddr>().expect("an address")));
        assert_eq!(only(sdp, &found[1..]), "v=0\r\na=candidate:2 1 udp 1 10.0.0.5 7882 typ host\r\n");
    }

    #[test]
    fn it_leaves_from_loopback_for_this_machine_alone() {
        let from = |towards: &str| own_addresses(&[towards.parse().expect("an address")]);
        assert!(from("127.0.0.1").contains(&"127.0.0.1:0".to_owned()));
        assert!(from("::1").contains(&"[::1]:0".to_owned()));
        assert!(machine::addresses().is_empty() || !from("203.0.113.7").contains(&"127.0.0.1:0".to_owned()));
    }
}
