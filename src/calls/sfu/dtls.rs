//! The handshake of one participant: a certificate for the whole server, the browser's fingerprint checked, keys for SRTP out.
//!
//! The library's endpoint is keyed by address. Each participant has an endpoint of its own with a constant address, so that
//! the association outlives a change of network path.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rtc_crypto::{HashAlgorithm, RTCCryptoProvider};
use rtc_dtls::config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType};
use rtc_dtls::crypto::Certificate;
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::TransportProtocol;
use rtc_shared::error::Error;

use super::client_hello::{FirstFlight, HANDSHAKE, Hello};
use super::door::Micros;
use super::packet::dtls_records;
use super::srtp::{Context, Profile, split};

const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9);
/// After this without an answer a flight is sent again, and doubled from there.
const FLIGHT: Duration = Duration::from_millis(400);
const EXPORTER: &str = "EXTRACTOR-dtls_srtp";

/// Bytes that the library is given of one handshake, with everything that is said again in it: a long hello and a flight of a browser some thirty
/// times each, as on a machine that answers late. Of the smallest pieces that is 5,461; a stack of 2 MiB holds more than 8,000 calls for them.
const FED: usize = 64 << 10;
/// A shorter record counts as so many bytes.
const RECORD: usize = 128;

/// How much of a handshake the library was given. It keeps pieces of messages that do not fit together, and what comes before its keys,
/// without a bound; and it puts pieces together by a call within a call for each. Whoever is in a call could fill the memory with them, or
/// the stack, and that would be the end of the program.
#[derive(Debug, Default)]
struct Fed {
    bytes: usize,
    /// The handshake is done: only what belongs to it is kept from here on.
    is_done: bool,
}

impl Fed {
    /// Whether the library may have this datagram too.
    fn takes(&mut self, datagram: &[u8]) -> bool {
        let kept = dtls_records(datagram).filter(|record| !self.is_done || record.first() == Some(&HANDSHAKE));
        let more: usize = kept.map(|record| record.len().max(RECORD)).sum();
        self.bytes = self.bytes.saturating_add(more);
        more == 0 || self.bytes <= FED
    }
}

/// What all handshakes of the server have in common.
#[derive(Clone)]
pub struct Identity {
    provider: Arc<dyn RTCCryptoProvider>,
    certificate: Certificate,
    /// SHA-256 of the certificate.
    pub fingerprint: [u8; 32],
}

impl Identity {
    /// A fresh certificate.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(provider: Arc<dyn RTCCryptoProvider>) -> Result<Self, Error> {
        let certificate = Certificate::generate_self_signed(vec!["rialto".to_owned()], provider.crypto())?;
        let fingerprint = fingerprint(provider.as_ref(), certificate.certificate[0].as_ref())
            .ok_or_else(|| Error::Other("no SHA-256 in the provider".to_owned()))?;
        Ok(Self { provider, certificate, fingerprint })
    }
}

fn fingerprint(provider: &dyn RTCCryptoProvider, certificate: &[u8]) -> Option<[u8; 32]> {
    provider.crypto().hash(HashAlgorithm::Sha256, certificate).ok()?.try_into().ok()
}

/// What a datagram brought about.
pub enum Progress {
    /// Nothing yet.
    Waiting,
    /// The handshake is done: contexts for what comes in and what goes out.
    Done(Box<(Context, Context)>),
    /// The browser closed the association.
    Closed,
    /// It cannot succeed any more.
    Failed,
}

enum Stage {
    Hello(FirstFlight),
    Running(Box<Endpoint>, Profile),
    Over,
}

/// The association with one browser.
pub struct Association {
    identity: Identity,
    remote_fingerprint: [u8; 32],
    stage: Stage,
    fed: Fed,
    /// The instant at time 0.
    origin: Instant,
}

impl Association {
    /// Waits for the first flight of a browser whose certificate has this SHA-256 fingerprint.
    #[must_use]
    pub fn new(identity: Identity, remote_fingerprint: [u8; 32], origin: Instant) -> Self {
        Self { identity, remote_fingerprint, stage: Stage::Hello(FirstFlight::default()), fed: Fed::default(), origin }
    }

    /// Feeds a datagram; what is to be sent goes to `send`.
    pub fn read(&mut self, datagram: &[u8], now: Micros, mut send: impl FnMut(&[u8])) -> Progress {
        if let Stage::Hello(flight) = &mut self.stage {
            let profile = match flight.take(datagram) {
                Hello::Partial => return Progress::Waiting,
                Hello::Hopeless => return self.over(),
                Hello::Whole(profile) => profile,
            };
            let datagrams = std::mem::take(flight).into_datagrams();
            let Some(endpoint) = self.endpoint(profile) else {
                return self.over();
            };
            self.stage = Stage::Running(Box::new(endpoint), profile);
            for datagram in datagrams {
                let progress = self.feed(&datagram, now, &mut send);
                if !matches!(progress, Progress::Waiting) {
                    return progress;
                }
            }
            return Progress::Waiting;
        }
        self.feed(datagram, now, &mut send)
    }

    fn feed(&mut self, datagram: &[u8], now: Micros, send: &mut impl FnMut(&[u8])) -> Progress {
        let at = self.instant(now);
        let Stage::Running(endpoint, profile) = &mut self.stage else {
            return Progress::Failed;
        };
        if !self.fed.takes(datagram) {
            return Progress::Waiting;
        }
        let (mut progress, read) = (Progress::Waiting, endpoint.read(at, PEER, None, BytesMut::from(datagram)));
        for event in read.as_deref().unwrap_or_default() {
            match event {
                EndpointEvent::HandshakeComplete => {
                    self.fed.is_done = true;
                    let contexts = contexts(endpoint, *profile, &self.identity.provider);
                    progress = contexts.map_or(Progress::Failed, |contexts| Progress::Done(Box::new(contexts)));
                }
                EndpointEvent::PeerClosed => progress = Progress::Closed,
                _ => {}
            }
        }
        while let Some(message) = endpoint.poll_transmit() {
            send(&message.message);
        }
        if let Err(error) = read {
            // A datagram that cannot be read is not the end; a certificate that is not the offered one is.
            tracing::debug!(%error, "dtls");
            if matches!(error, Error::ErrNoMatchingCertificateFingerprint) {
                return self.over();
            }
        }
        progress
    }

    /// Sends again what was not answered in time.
    pub fn tick(&mut self, now: Micros, mut send: impl FnMut(&[u8])) {
        let at = self.instant(now);
        if let Stage::Running(endpoint, _) = &mut self.stage {
            let _ = endpoint.handle_timeout(PEER, at);
            while let Some(message) = endpoint.poll_transmit() {
                send(&message.message);
            }
        }
    }

    /// Tells the browser that the association ends.
    pub fn close(&mut self, now: Micros, mut send: impl FnMut(&[u8])) {
        let at = self.instant(now);
        if let Stage::Running(endpoint, _) = &mut self.stage {
            endpoint.stop(at, PEER);
            while let Some(message) = endpoint.poll_transmit() {
                send(&message.message);
            }
        }
        self.stage = Stage::Over;
    }

    /// Forgets the association without a word.
    pub fn abandon(&mut self) {
        self.stage = Stage::Over;
    }

    fn over(&mut self) -> Progress {
        self.stage = Stage::Over;
        Progress::Failed
    }

    fn instant(&self, now: Micros) -> Instant {
        self.origin + Duration::from_micros(now)
    }

    fn endpoint(&self, profile: Profile) -> Option<Endpoint> {
        let offered = match profile {
            Profile::Gcm => SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
            Profile::Sha1 => SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
        };
        let (provider, expected) = (Arc::clone(&self.identity.provider), self.remote_fingerprint);
        let config = ConfigBuilder::default()
            .with_crypto_provider(Arc::clone(&self.identity.provider))
            .with_certificates(vec![self.identity.certificate.clone()])
            .with_srtp_protection_profiles(vec![offered])
            .with_client_auth(ClientAuthType::RequireAnyClientCert)
            // No authority vouches for a browser's certificate: its fingerprint, told over the web socket, does.
            .with_insecure_skip_verify(true)
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            .with_flight_interval(FLIGHT)
            .with_verify_peer_certificate(Some(Arc::new(move |certificates: &[Vec<u8>], _: &_| {
                let found = certificates.first().and_then(|certificate| fingerprint(provider.as_ref(), certificate));
                if found == Some(expected) { Ok(()) } else { Err(Error::ErrNoMatchingCertificateFingerprint) }
            })))
            .build(false, None)
            .ok()?;
        Some(Endpoint::new(PEER, TransportProtocol::UDP, Some(Arc::new(config))))
    }
}

/// The contexts of a server whose handshake is done: in, out.
fn contexts(endpoint: &Endpoint, profile: Profile, provider: &Arc<dyn RTCCryptoProvider>) -> Option<(Context, Context)> {
    let state = endpoint.get_connection_state(PEER)?;
    let negotiated = match state.srtp_protection_profile() {
        SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm => Profile::Gcm,
        SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80 => Profile::Sha1,
        _ => return None,
    };
    if negotiated != profile {
        return None;
    }
    let material = state.export_keying_material(EXPORTER, &[], 2 * (16 + profile.salt_length())).ok()?;
    let (client, server) = split(profile, material.as_ref())?;
    Some((Context::new(profile, &client, provider).ok()?, Context::new(profile, &server, provider).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A datagram of records of these types, each so long behind its header.
    fn datagram(records: &[(u8, usize)]) -> Vec<u8> {
        let record = |(kind, length): &(u8, usize)| {
            let mut record = vec![*kind, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0];
            record.extend((*length as u16).to_be_bytes());
            record.resize(record.len() + length, 0);
            record
        };
        records.iter().flat_map(record).collect()
    }

    #[test]
    fn a_browser_says_its_part_thirty_times_and_no_flood_reaches_the_library() {
        // A certificate, a key, a proof, the change of cipher, the end.
        let flight = datagram(&[(HANDSHAKE, 330), (HANDSHAKE, 78), (HANDSHAKE, 90), (20, 1), (HANDSHAKE, 48)]);
        let mut fed = Fed::default();
        assert!((0..28).all(|_| fed.takes(&flight)));
        let piece = datagram(&[(HANDSHAKE, 12); 32]);
        let mut flooded = Fed::default();
        let taken = (0..10_000).filter(|_| flooded.takes(&piece)).count();
        assert_eq!(taken, FED / RECORD / 32, "so many pieces can be put together at most");
        let sealed = datagram(&[(23, 40)]);
        assert!(!flooded.takes(&sealed), "nor is anything kept for later");
        flooded.is_done = true;
        assert!(flooded.takes(&sealed) && flooded.takes(&datagram(&[(21, 40)])), "what is opened at once is no matter");
        assert!(!flooded.takes(&piece) && !flooded.takes(&datagram(&[(21, 40), (HANDSHAKE, 12)])));
    }
}
