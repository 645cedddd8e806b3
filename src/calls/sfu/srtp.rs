//! SRTP and SRTCP in place: no allocation, no copy; who calls it keeps the counters of RTP.
//!
//! AES-128-GCM (RFC 7714) where the browser has it, AES-128-CM with HMAC-SHA1-80 (RFC 3711) otherwise.

use std::sync::Arc;

use rtc_crypto::{
    AeadAlgorithm, AeadCipher, BlockCipherAlgorithm, CryptoError, HmacAlgorithm, Mac, RTCCrypto, RTCCryptoProvider, StreamCipher,
    StreamCipherAlgorithm,
};

use super::replay::Window;

/// Most bytes by which protection lengthens a packet: GCM's tag and the index of SRTCP.
pub const OVERHEAD: usize = 20;
const GCM_TAG: usize = 16;
const SHA1_TAG: usize = 10;
const SHA1_FULL: usize = 20;
/// Bytes of SRTCP that stay in the clear.
const RTCP_CLEAR: usize = 8;
const RTCP_INDEX: usize = 4;
/// Marks an SRTCP packet as encrypted, in front of its index.
const ENCRYPTED: u32 = 0x8000_0000;

/// What protects the packets of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// `SRTP_AEAD_AES_128_GCM`.
    Gcm,
    /// `SRTP_AES128_CM_HMAC_SHA1_80`.
    Sha1,
}

impl Profile {
    /// Length of the master salt in bytes. The master key has 16.
    #[must_use]
    pub const fn salt_length(self) -> usize {
        match self {
            Self::Gcm => 12,
            Self::Sha1 => 14,
        }
    }
}

/// Master key and salt of one direction, split from what DTLS exports (RFC 5764 4.2).
#[derive(Clone)]
pub struct Keys {
    key: [u8; 16],
    salt: Vec<u8>,
}

/// The client's and the server's keys in exported material; `None` if its length is wrong.
#[must_use]
pub fn split(profile: Profile, material: &[u8]) -> Option<(Keys, Keys)> {
    let salt = profile.salt_length();
    if material.len() != 2 * (16 + salt) {
        return None;
    }
    let keys = |at: usize| -> Option<Keys> {
        Some(Keys { key: material[at * 16..at * 16 + 16].try_into().ok()?, salt: material[32 + at * salt..32 + (at + 1) * salt].to_vec() })
    };
    Some((keys(0)?, keys(1)?))
}

enum Transform {
    Gcm { aead: Box<dyn AeadCipher>, salt: [u8; 12] },
    Sha1 { cipher: Box<dyn StreamCipher>, mac: Box<dyn Mac>, salt: [u8; 14] },
}

impl Transform {
    /// `label` is 0 for RTP and 3 for RTCP (RFC 3711 4.3).
    fn new(profile: Profile, keys: &Keys, label: u8, crypto: &dyn RTCCrypto) -> Result<Self, CryptoError> {
        let key = derive(crypto, label, keys, 16)?;
        let salt = derive(crypto, label + 2, keys, profile.salt_length())?;
        Ok(match profile {
            Profile::Gcm => {
                let aead = crypto.new_aead(AeadAlgorithm::Aes128Gcm, &key)?;
                Self::Gcm { aead, salt: salt.try_into().unwrap_or_default() }
            }
            Profile::Sha1 => {
                let cipher = crypto.new_stream_cipher(StreamCipherAlgorithm::Aes128Ctr, &key)?;
                let mac = crypto.new_hmac(HmacAlgorithm::Sha1, &derive(crypto, label + 1, keys, SHA1_FULL)?)?;
                Self::Sha1 { cipher, mac, salt: salt.try_into().unwrap_or_default() }
            }
        })
    }
}

fn derive(crypto: &dyn RTCCrypto, label: u8, keys: &Keys, length: usize) -> Result<Vec<u8>, CryptoError> {
    let mut input = [0_u8; 16];
    input[..keys.salt.len()].copy_from_slice(&keys.salt);
    input[7] ^= label;
    let mut derived = Vec::with_capacity(length.next_multiple_of(16));
    for counter in 0_u16.. {
        if derived.len() >= length {
            break;
        }
        let mut block = input;
        block[14..].copy_from_slice(&counter.to_be_bytes());
        crypto.block_encrypt(BlockCipherAlgorithm::Aes128, &keys.key, &mut block)?;
        derived.extend_from_slice(&block);
    }
    derived.truncate(length);
    Ok(derived)
}

fn gcm_nonce(salt: &[u8; 12], ssrc: u32, middle: [u8; 4], low: u16) -> [u8; 12] {
    let mut nonce = *salt;
    let mut mix = |at: usize, bytes: &[u8]| nonce[at..].iter_mut().zip(bytes).for_each(|(to, with)| *to ^= with);
    mix(2, &ssrc.to_be_bytes());
    mix(6, &middle);
    mix(10, &low.to_be_bytes());
    nonce
}

/// `index` is the 48-bit index of the packet.
fn counter_block(salt: &[u8; 14], ssrc: u32, index: u64) -> [u8; 16] {
    let mut block = [0_u8; 16];
    block[..14].copy_from_slice(salt);
    let mut mix = |at: usize, bytes: &[u8]| block[at..].iter_mut().zip(bytes).for_each(|(to, with)| *to ^= with);
    mix(4, &ssrc.to_be_bytes());
    mix(8, &index.to_be_bytes()[2..]);
    block
}

/// One direction of one connection.
pub struct Context {
    rtp: Transform,
    rtcp: Transform,
    /// Of the next SRTCP packet that is sent.
    rtcp_index: u32,
    /// By sender, since each counts for itself.
    rtcp_seen: Vec<(u32, Window)>,
}

/// Senders of reports on one connection that are told apart: one for each stream that a browser sends or receives.
const SENDERS: usize = 64;

/// The packet is not authentic, or too short to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forged;

/// Why a report is not to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It is not authentic, or too short to be.
    Forged,
    /// It has been seen, or is too old to tell.
    Replayed,
}

impl From<Forged> for Unusable {
    fn from(Forged: Forged) -> Self {
        Self::Forged
    }
}

impl Context {
    /// A context for these keys.
    ///
    /// # Errors
    /// When the provider lacks an algorithm.
    pub fn new(profile: Profile, keys: &Keys, provider: &Arc<dyn RTCCryptoProvider>) -> Result<Self, CryptoError> {
        let crypto = provider.crypto();
        Ok(Self {
            rtp: Transform::new(profile, keys, 0, crypto)?,
            rtcp: Transform::new(profile, keys, 3, crypto)?,
            rtcp_index: 0,
            rtcp_seen: Vec::with_capacity(SENDERS),
        })
    }

    /// Protects `packet[..length]`, whose header has `header` bytes, and returns its new length. There must be
    /// [`OVERHEAD`] bytes of space behind it. `index` is the unwrapped sequence number.
    pub fn protect(&mut self, packet: &mut [u8], header: usize, length: usize, ssrc: u32, index: u64) -> Result<usize, CryptoError> {
        let rollover = ((index >> 16) as u32).to_be_bytes();
        match &mut self.rtp {
            Transform::Gcm { aead, salt } => {
                let nonce = gcm_nonce(salt, ssrc, rollover, index as u16);
                let (body, tail) = packet.split_at_mut(length);
                let (clear, secret) = body.split_at_mut(header);
                aead.seal_in_place(&nonce, clear, secret, &mut tail[..GCM_TAG])?;
                Ok(length + GCM_TAG)
            }
            Transform::Sha1 { cipher, mac, salt } => {
                cipher.apply_keystream(&counter_block(salt, ssrc, index), &mut packet[header..length])?;
                let mut tag = [0; SHA1_FULL];
                mac.sign(&[&packet[..length], &rollover], &mut tag)?;
                packet[length..length + SHA1_TAG].copy_from_slice(&tag[..SHA1_TAG]);
                Ok(length + SHA1_TAG)
            }
        }
    }

    /// Opens `packet`, whose header has `header` bytes, and returns the length of what is left of it.
    ///
    /// # Errors
    /// [`Forged`]. The packet is then not to be used.
    pub fn unprotect(&mut self, packet: &mut [u8], header: usize, ssrc: u32, index: u64) -> Result<usize, Forged> {
        let rollover = ((index >> 16) as u32).to_be_bytes();
        match &mut self.rtp {
            Transform::Gcm { aead, salt } => {
                let length = packet.len().checked_sub(GCM_TAG).filter(|length| *length >= header).ok_or(Forged)?;
                let nonce = gcm_nonce(salt, ssrc, rollover, index as u16);
                let (body, tag) = packet.split_at_mut(length);
                let (clear, secret) = body.split_at_mut(header);
                aead.open_in_place(&nonce, clear, secret, tag).map_err(|_| Forged)?;
                Ok(length)
            }
            Transform::Sha1 { cipher, mac, salt } => {
                let length = packet.len().checked_sub(SHA1_TAG).filter(|length| *length >= header).ok_or(Forged)?;
                let (body, tag) = packet.split_at_mut(length);
                check(mac.as_mut(), &[body, &rollover], tag)?;
                cipher.apply_keystream(&counter_block(salt, ssrc, index), &mut body[header..]).map_err(|_| Forged)?;
                Ok(length)
            }
        }
    }

    /// Protects the compound packet `packet[..length]` and returns its new length. There must be [`OVERHEAD`] bytes of
    /// space behind it.
    pub fn protect_rtcp(&mut self, packet: &mut [u8], length: usize) -> Result<usize, CryptoError> {
        let index = self.rtcp_index;
        self.rtcp_index = (index + 1) & !ENCRYPTED;
        let trailer = (index | ENCRYPTED).to_be_bytes();
        let ssrc = sender_of(packet).unwrap_or_default();
        match &mut self.rtcp {
            Transform::Gcm { aead, salt } => {
                let mut clear = [0; RTCP_CLEAR + RTCP_INDEX];
                clear[..RTCP_CLEAR].copy_from_slice(&packet[..RTCP_CLEAR]);
                clear[RTCP_CLEAR..].copy_from_slice(&trailer);
                let nonce = rtcp_nonce(salt, ssrc, index);
                let (body, tail) = packet.split_at_mut(length);
                aead.seal_in_place(&nonce, &clear, &mut body[RTCP_CLEAR..], &mut tail[..GCM_TAG])?;
                tail[GCM_TAG..GCM_TAG + RTCP_INDEX].copy_from_slice(&trailer);
                Ok(length + GCM_TAG + RTCP_INDEX)
            }
            Transform::Sha1 { cipher, mac, salt } => {
                cipher.apply_keystream(&counter_block(salt, ssrc, index.into()), &mut packet[RTCP_CLEAR..length])?;
                packet[length..length + RTCP_INDEX].copy_from_slice(&trailer);
                let signed = length + RTCP_INDEX;
                let mut tag = [0; SHA1_FULL];
                mac.sign(&[&packet[..signed]], &mut tag)?;
                packet[signed..signed + SHA1_TAG].copy_from_slice(&tag[..SHA1_TAG]);
                Ok(signed + SHA1_TAG)
            }
        }
    }

    /// Opens a compound packet and returns the length of what is left of it. A packet opens once.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, Unusable> {
        let ssrc = sender_of(packet).ok_or(Forged)?;
        let (length, index) = match &mut self.rtcp {
            Transform::Gcm { aead, salt } => {
                let length = packet.len().checked_sub(GCM_TAG + RTCP_INDEX).filter(|length| *length >= RTCP_CLEAR).ok_or(Forged)?;
                let index = rtcp_index(&packet[length + GCM_TAG..])?;
                let mut clear = [0; RTCP_CLEAR + RTCP_INDEX];
                clear[..RTCP_CLEAR].copy_from_slice(&packet[..RTCP_CLEAR]);
                clear[RTCP_CLEAR..].copy_from_slice(&packet[length + GCM_TAG..]);
                let nonce = rtcp_nonce(salt, ssrc, index);
                let (body, tail) = packet.split_at_mut(length);
                aead.open_in_place(&nonce, &clear, &mut body[RTCP_CLEAR..], &tail[..GCM_TAG]).map_err(|_| Forged)?;
                (length, index)
            }
            Transform::Sha1 { cipher, mac, salt } => {
                let signed = packet.len().checked_sub(SHA1_TAG).ok_or(Forged)?;
                let length = signed.checked_sub(RTCP_INDEX).filter(|length| *length >= RTCP_CLEAR).ok_or(Forged)?;
                let index = rtcp_index(&packet[length..signed])?;
                let (body, tag) = packet.split_at_mut(signed);
                check(mac.as_mut(), &[body], tag)?;
                let block = counter_block(salt, ssrc, index.into());
                cipher.apply_keystream(&block, &mut body[RTCP_CLEAR..length]).map_err(|_| Forged)?;
                (length, index)
            }
        };
        let known = self.rtcp_seen.iter().position(|(sender, _)| *sender == ssrc);
        let at = known.unwrap_or_else(|| {
            if self.rtcp_seen.len() == SENDERS {
                self.rtcp_seen.remove(0);
            }
            self.rtcp_seen.push((ssrc, Window::default()));
            self.rtcp_seen.len() - 1
        });
        let window = &mut self.rtcp_seen[at].1;
        if !window.is_fresh(index.into()) {
            return Err(Unusable::Replayed);
        }
        window.accept(index.into());
        Ok(length)
    }
}

fn rtcp_nonce(salt: &[u8; 12], ssrc: u32, index: u32) -> [u8; 12] {
    let index = index.to_be_bytes();
    gcm_nonce(salt, ssrc, [0, 0, index[0], index[1]], u16::from_be_bytes([index[2], index[3]]))
}

fn sender_of(packet: &[u8]) -> Option<u32> {
    packet.get(4..8)?.try_into().ok().map(u32::from_be_bytes)
}

/// What is not encrypted is refused: WebRTC demands it.
fn rtcp_index(trailer: &[u8]) -> Result<u32, Forged> {
    let word = trailer.get(..4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes).ok_or(Forged)?;
    if word & ENCRYPTED == 0 { Err(Forged) } else { Ok(word & !ENCRYPTED) }
}

fn check(mac: &mut dyn Mac, signed: &[&[u8]], tag: &[u8]) -> Result<(), Forged> {
    let mut expected = [0; SHA1_FULL];
    mac.sign(signed, &mut expected).map_err(|_| Forged)?;
    if rtc_crypto::constant_time_eq(&expected[..SHA1_TAG], tag) { Ok(()) } else { Err(Forged) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtc_crypto::providers::RingProvider;
    use rtc_srtp::{context::Context as Independent, protection_profile::ProtectionProfile};

    const PROFILES: [(Profile, ProtectionProfile); 2] =
        [(Profile::Gcm, ProtectionProfile::AeadAes128Gcm), (Profile::Sha1, ProtectionProfile::Aes128CmHmacSha1_80)];

    fn pair(profile: Profile, theirs: ProtectionProfile) -> (Context, Independent) {
        let provider: Arc<dyn RTCCryptoProvider> = Arc::new(RingProvider::default());
        let material: Vec<u8> = (0..).take(2 * (16 + profile.salt_length())).collect();
        let (keys, _) = split(profile, &material).expect("the right length");
        let independent = Independent::new(&keys.key, &keys.salt, theirs, None, None, provider.crypto()).expect("a context");
        (Context::new(profile, &keys, &provider).expect("a context"), independent)
    }

    fn rtp(sequence: u16) -> Vec<u8> {
        let mut packet = vec![0x80, 96, 0, 0, 0, 0, 0, 9, 0, 0, 0, 7];
        packet[2..4].copy_from_slice(&sequence.to_be_bytes());
        packet.extend((0..200).map(|n| n as u8));
        packet
    }

    #[test]
    fn an_independent_implementation_opens_what_is_protected() {
        for (profile, theirs) in PROFILES {
            let (mut ours, mut independent) = pair(profile, theirs);
            // Across a turn of the counter.
            for index in 65_530..65_545_u64 {
                let plain = rtp(index as u16);
                let mut packet = plain.clone();
                packet.resize(plain.len() + OVERHEAD, 0);
                let length = ours.protect(&mut packet, 12, plain.len(), 7, index).expect("protected");
                assert_eq!(&independent.decrypt_rtp(&packet[..length]).expect("authentic")[..], &plain[..]);
            }
        }
    }

    #[test]
    fn what_an_independent_implementation_protects_is_opened_once_changed_it_is_refused() {
        for (profile, theirs) in PROFILES {
            let (mut ours, mut independent) = pair(profile, theirs);
            let plain = rtp(5);
            let mut packet = independent.encrypt_rtp(&plain).expect("protected").to_vec();
            let mut changed = packet.clone();
            changed[20] ^= 1;
            assert_eq!(ours.unprotect(&mut changed, 12, 7, 5), Err(Forged));
            assert_eq!(ours.unprotect(&mut packet.clone(), 12, 7, 5 + 65_536), Err(Forged), "another turn");
            let length = ours.unprotect(&mut packet, 12, 7, 5).expect("authentic");
            assert_eq!(packet[..length], plain);
            for cut in 0..40 {
                assert_eq!(ours.unprotect(&mut plain.clone()[..cut.min(plain.len())], 12.min(cut), 7, 5), Err(Forged));
            }
        }
    }

    #[test]
    fn reports_pass_both_ways_and_open_once() {
        for (profile, theirs) in PROFILES {
            let (mut ours, mut independent) = pair(profile, theirs);
            let plain = [0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 7];
            for _ in 0..3 {
                let mut packet = plain.to_vec();
                packet.resize(plain.len() + OVERHEAD, 0);
                let length = ours.protect_rtcp(&mut packet, plain.len()).expect("protected");
                assert_eq!(&independent.decrypt_rtcp(&packet[..length]).expect("authentic")[..], &plain[..]);
            }
            let packet = independent.encrypt_rtcp(&plain).expect("protected").to_vec();
            let mut changed = packet.clone();
            changed[9] ^= 1;
            assert_eq!(ours.unprotect_rtcp(&mut changed), Err(Unusable::Forged));
            let mut once = packet.clone();
            let length = ours.unprotect_rtcp(&mut once).expect("authentic");
            assert_eq!(once[..length], plain);
            assert_eq!(ours.unprotect_rtcp(&mut packet.clone()), Err(Unusable::Replayed));
            // Another sender counts from the beginning as well.
            let mut other = plain;
            other[7] = 2;
            let mut packet = independent.encrypt_rtcp(&other).expect("protected").to_vec();
            let length = ours.unprotect_rtcp(&mut packet).expect("authentic");
            assert_eq!(packet[..length], other);
            for cut in 0..packet.len() {
                assert_eq!(ours.unprotect_rtcp(&mut packet.clone()[..cut]), Err(Unusable::Forged));
            }
        }
    }
}
