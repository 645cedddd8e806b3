//! ICE-lite: checks are answered, never sent; who knows the password is believed, and nobody else.
//!
//! Remote candidates are ignored: packets go where the last authenticated check with `USE-CANDIDATE` came from that had not come before.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rtc_crypto::{CryptoError, HmacAlgorithm, Mac, RTCCryptoProvider};

const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const HEADER: usize = 20;
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const ERROR_CODE: u16 = 0x0009;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLED: u16 = 0x8029;
const INTEGRITY: usize = 20;
/// Longest answer: a header, an IPv6 address, integrity and fingerprint.
pub const ANSWER: usize = 128;
/// Characters of a user name fragment that we make: 47 bits. Guessing one alone gives nothing without the password.
const UFRAG: usize = 8;
/// Characters of a password that we make: 142 bits.
const PASSWORD: usize = 24;
/// What the parts are made of.
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Our half of a participant's credentials.
pub struct Credentials {
    /// User name fragment, of letters and digits.
    pub ufrag: String,
    /// Password.
    pub password: String,
    mac: Box<dyn Mac>,
}

impl Credentials {
    /// New ones.
    ///
    /// # Errors
    /// When the provider has no randomness.
    pub fn new(provider: &Arc<dyn RTCCryptoProvider>) -> Result<Self, CryptoError> {
        let ufrag = letters(provider, UFRAG)?;
        let password = letters(provider, PASSWORD)?;
        let mac = provider.crypto().new_hmac(HmacAlgorithm::Sha1, password.as_bytes())?;
        Ok(Self { ufrag, password, mac })
    }
}

fn letters(provider: &Arc<dyn RTCCryptoProvider>, count: usize) -> Result<String, CryptoError> {
    let mut word = String::with_capacity(count);
    while word.len() < count {
        let mut bytes = [0_u8; 32];
        provider.random().fill(&mut bytes)?;
        // Bytes past the last whole run of the alphabet would make its first letters likelier.
        let fair = bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
        word.extend(fair.take(count - word.len()));
    }
    Ok(word)
}

/// A binding request that has the shape of one; not yet authentic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Its number, made by the browser at random.
    pub transaction: [u8; 12],
    /// The fragment that we made.
    pub local: &'a str,
    /// The fragment that the browser made.
    pub remote: &'a str,
    /// The browser has chosen this path.
    pub nominates: bool,
    /// The other side believes to be the one that is controlled, which is our part.
    pub wants_our_role: bool,
    integrity: usize,
}

/// Reads a binding request; `None` for everything else.
#[must_use]
pub fn parse(packet: &[u8]) -> Option<Request<'_>> {
    let header = packet.get(..HEADER)?;
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    if u16::from_be_bytes([header[0], header[1]]) != BINDING_REQUEST || header[4..8] != COOKIE || packet.len() != HEADER + length {
        return None;
    }
    let (mut username, mut nominates, mut wants_our_role) = (None, false, false);
    let mut at = HEADER;
    loop {
        let kind = u16::from_be_bytes(packet.get(at..at + 2)?.try_into().ok()?);
        let length = usize::from(u16::from_be_bytes(packet.get(at + 2..at + 4)?.try_into().ok()?));
        let value = packet.get(at + 4..at + 4 + length)?;
        match kind {
            USERNAME => username = std::str::from_utf8(value).ok(),
            USE_CANDIDATE => nominates = true,
            ICE_CONTROLLED => wants_our_role = true,
            MESSAGE_INTEGRITY if length == INTEGRITY => {
                let (local, remote) = username?.split_once(':')?;
                let transaction = header[8..HEADER].try_into().ok()?;
                return Some(Request { transaction, local, remote, nominates, wants_our_role, integrity: at });
            }
            _ => {}
        }
        // What follows the integrity would not be covered by it, so nothing before it may be missing.
        at += 4 + length.next_multiple_of(4);
    }
}

impl Request<'_> {
    /// Whether its sender knows the password.
    pub fn is_authentic(&self, packet: &[u8], credentials: &mut Credentials) -> bool {
        let (Some(signed), Some(tag)) = (packet.get(4..self.integrity), packet.get(self.integrity + 4..self.integrity + 4 + INTEGRITY))
        else {
            return false;
        };
        let mut expected = [0; INTEGRITY];
        let length = covered(self.integrity);
        credentials.mac.sign(&[&packet[..2], &length, signed], &mut expected).is_ok() && rtc_crypto::constant_time_eq(&expected, tag)
    }

    /// Writes the answer to an authentic request from `from` and returns its length.
    ///
    /// # Errors
    /// When the provider fails.
    pub fn answer(&self, from: SocketAddr, credentials: &mut Credentials, out: &mut [u8; ANSWER]) -> Result<usize, CryptoError> {
        let mut writer = Writer::new(if self.wants_our_role { BINDING_ERROR } else { BINDING_SUCCESS }, &self.transaction, out);
        if self.wants_our_role {
            writer.attribute(ERROR_CODE, &[0, 0, 4, 87]);
        } else {
            writer.mapped(from);
        }
        writer.finish(credentials.mac.as_mut())
    }
}

/// The length field as it stands while the integrity at this place is made.
fn covered(integrity: usize) -> [u8; 2] {
    u16::try_from(integrity - HEADER + 4 + INTEGRITY).unwrap_or_default().to_be_bytes()
}

struct Writer<'a> {
    out: &'a mut [u8; ANSWER],
    used: usize,
}

impl<'a> Writer<'a> {
    fn new(kind: u16, transaction: &[u8; 12], out: &'a mut [u8; ANSWER]) -> Self {
        out[..2].copy_from_slice(&kind.to_be_bytes());
        out[4..8].copy_from_slice(&COOKIE);
        out[8..HEADER].copy_from_slice(transaction);
        Self { out, used: HEADER }
    }

    /// `value` has a multiple of four bytes.
    fn attribute(&mut self, kind: u16, value: &[u8]) {
        let at = self.used;
        self.out[at..at + 2].copy_from_slice(&kind.to_be_bytes());
        self.out[at + 2..at + 4].copy_from_slice(&u16::try_from(value.len()).unwrap_or_default().to_be_bytes());
        self.out[at + 4..at + 4 + value.len()].copy_from_slice(value);
        self.used += 4 + value.len();
        let length = u16::try_from(self.used - HEADER).unwrap_or_default();
        self.out[2..4].copy_from_slice(&length.to_be_bytes());
    }

    fn mapped(&mut self, from: SocketAddr) {
        let mut mask = [0; 16];
        mask.copy_from_slice(&self.out[4..HEADER]);
        let mut value = [0_u8; 20];
        value[2..4].copy_from_slice(&(from.port() ^ 0x2112).to_be_bytes());
        let length = match from.ip() {
            IpAddr::V4(ip) => {
                value[1] = 1;
                value[4..8].copy_from_slice(&ip.octets());
                8
            }
            IpAddr::V6(ip) => {
                value[1] = 2;
                value[4..].copy_from_slice(&ip.octets());
                20
            }
        };
        value[4..length].iter_mut().zip(mask).for_each(|(to, with)| *to ^= with);
        self.attribute(XOR_MAPPED_ADDRESS, &value[..length]);
    }

    fn finish(mut self, mac: &mut dyn Mac) -> Result<usize, CryptoError> {
        let integrity = self.used;
        self.out[2..4].copy_from_slice(&covered(integrity));
        let mut tag = [0; INTEGRITY];
        mac.sign(&[&self.out[..integrity]], &mut tag)?;
        self.attribute(MESSAGE_INTEGRITY, &tag);
        // The checksum covers the length with itself in it.
        let at = self.used;
        self.attribute(FINGERPRINT, &[0; 4]);
        let checksum = crc32(&self.out[..at]) ^ 0x5354_554e;
        self.out[at + 4..at + 8].copy_from_slice(&checksum.to_be_bytes());
        Ok(self.used)
    }
}

/// The checksum of ISO 3309, bit by bit: answers are short and few.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rtc_crypto::providers::RingProvider;
    use rtc_stun::attributes::{ATTR_USE_CANDIDATE, ATTR_USERNAME};
    use rtc_stun::fingerprint::FINGERPRINT as CHECKSUM;
    use rtc_stun::integrity::MessageIntegrity;
    use rtc_stun::message::{BINDING_REQUEST, Getter, Message, Setter, TransactionId};
    use rtc_stun::textattrs::TextAttribute;
    use rtc_stun::xoraddr::XorMappedAddress;

    fn provider() -> Arc<dyn RTCCryptoProvider> {
        Arc::new(RingProvider::default())
    }

    /// A request by an independent implementation.
    fn request(credentials: &Credentials, password: &str, nominates: bool) -> Vec<u8> {
        let provider = provider();
        let mut message = Message::new();
        let username = TextAttribute::new(ATTR_USERNAME, format!("{}:theirs", credentials.ufrag));
        let integrity = MessageIntegrity::new_short_term_integrity_with_provider(password.to_owned(), provider.crypto());
        message.build(&[Box::new(TransactionId::new()), Box::new(BINDING_REQUEST), Box::new(username)]).expect("a message");
        if nominates {
            message.add(ATTR_USE_CANDIDATE, &[]);
        }
        integrity.add_to(&mut message).expect("signed");
        CHECKSUM.add_to(&mut message).expect("a checksum");
        message.raw
    }

    #[test]
    fn a_check_of_an_independent_implementation_is_understood_and_its_answer_too() {
        let provider = provider();
        let mut credentials = Credentials::new(&provider).expect("random");
        for (from, nominates) in [("192.0.2.7:5000", true), ("[2001:db8::7]:443", false)] {
            let from: SocketAddr = from.parse().expect("an address");
            let packet = request(&credentials, &credentials.password, nominates);
            let request = parse(&packet).expect("a request");
            assert_eq!((request.local, request.remote, request.nominates), (credentials.ufrag.as_str(), "theirs", nominates));
            assert!(request.is_authentic(&packet, &mut credentials));
            let mut out = [0; ANSWER];
            let length = request.answer(from, &mut credentials, &mut out).expect("an answer");
            let mut answer = Message::new();
            answer.raw = out[..length].to_vec();
            answer.decode().expect("a message");
            let mut mapped = XorMappedAddress::default();
            mapped.get_from(&answer).expect("an address");
            assert_eq!(SocketAddr::new(mapped.ip, mapped.port), from);
            CHECKSUM.check(&answer).expect("the checksum holds");
            MessageIntegrity::check(&mut answer, credentials.password.as_bytes(), provider.crypto()).expect("the integrity holds");
        }
    }

    #[test]
    fn who_does_not_know_the_password_is_not_believed() {
        let provider = provider();
        let mut credentials = Credentials::new(&provider).expect("random");
        let wrong = request(&credentials, "another password of the right length", true);
        assert!(!parse(&wrong).expect("its shape is right").is_authentic(&wrong, &mut credentials));
        let mut moved = request(&credentials, &credentials.password, false);
        let at = moved.len() - 33;
        moved[at] ^= 1;
        if let Some(request) = parse(&moved) {
            assert!(!request.is_authentic(&moved, &mut credentials));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in prop::collection::vec(any::<u8>(), 0..120), cut in 0_usize..120, at in 0_usize..100, with: u8) {
            let mut credentials = Credentials::new(&provider()).expect("random");
            let _ = parse(&bytes);
            let mut packet = request(&credentials, &credentials.password, true);
            let at = at % packet.len();
            packet[at] ^= with;
            packet.truncate(cut.max(1));
            if let Some(request) = parse(&packet) {
                let authentic = request.is_authentic(&packet, &mut credentials);
                prop_assert!(with == 0 || !authentic || at >= request.integrity + 24);
            }
        }
    }
}
