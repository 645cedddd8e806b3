//! A browser's part in a call, without a browser: real ICE, DTLS and SRTP by libraries that the server does not use for them.
//!
//! Shared by the tests and the benchmark. Nothing here waits for a time: it waits for packets, up to a deadline.

mod line;
mod offer;
mod packets;

use std::collections::VecDeque;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rtc_crypto::RTCCryptoProvider;
use rtc_crypto::providers::RingProvider;
use rtc_dtls::config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType};
use rtc_dtls::crypto::Certificate;
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::TransportProtocol;
use rtc_srtp::context::Context;
use rtc_srtp::protection_profile::ProtectionProfile;
use rtc_stun::attributes::{ATTR_ICE_CONTROLLED, ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, BINDING_SUCCESS, Message, Setter, TransactionId};
use rtc_stun::textattrs::TextAttribute;
use rtc_stun::xoraddr::XorMappedAddress;

pub use line::Line;
pub use offer::*;
pub use packets::*;

/// How long anything may take before a test fails.
pub const DEADLINE: Duration = Duration::from_secs(20);
/// How often an unanswered check is repeated.
const CHECK: Duration = Duration::from_millis(100);
const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);

/// Which protections the client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knows {
    /// Both, in the order of Chromium: SHA-1 first.
    Both,
    /// SHA-1 alone.
    Sha1,
}

/// What came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A media packet, decrypted.
    Media(Vec<u8>),
    /// A report, decrypted.
    Report(Vec<u8>),
    /// The server closed the association.
    Closed,
}

/// One client.
pub struct Client {
    /// Its socket.
    pub socket: UdpSocket,
    /// Its connection, from the answer on, if it comes over TCP.
    pub line: Option<Line>,
    over_tcp: bool,
    provider: Arc<dyn RTCCryptoProvider>,
    certificate: Certificate,
    knows: Knows,
    /// Its own credentials.
    pub ufrag: String,
    /// Its own credentials.
    pub password: String,
    /// The server's.
    pub remote_ufrag: String,
    /// The server's.
    pub remote_password: String,
    /// Where the server is.
    pub server: SocketAddr,
    endpoint: Option<Endpoint>,
    /// Protects what goes out.
    pub outward: Option<Context>,
    /// Opens what comes in.
    pub inward: Option<Context>,
    /// Which protection was negotiated.
    pub profile: Option<SrtpProtectionProfile>,
    answered: Option<Instant>,
    last_check: Option<Instant>,
    /// What came in and was not asked for yet.
    pub events: VecDeque<Event>,
    /// Checks that were answered with success.
    pub successes: usize,
    /// Offer a wrong fingerprint.
    pub lies: bool,
    /// Its part in ICE; a browser that offers controls.
    pub controlling: bool,
    /// Between the first answered check and the handshake, for servers that are not ready for it at once.
    pub pause: Duration,
}

impl Client {
    /// A client on a free port of this address.
    pub fn new(address: &str, knows: Knows) -> Self {
        let provider: Arc<dyn RTCCryptoProvider> = Arc::new(RingProvider::default());
        let certificate = Certificate::generate_self_signed(vec!["client".to_owned()], provider.crypto()).expect("a certificate");
        let socket = UdpSocket::bind(address).expect("a port");
        let port = socket.local_addr().expect("bound").port();
        Self {
            socket,
            line: None,
            over_tcp: false,
            provider,
            certificate,
            knows,
            ufrag: format!("cl{port}"),
            password: format!("passwordpasswordpassword{port}"),
            remote_ufrag: String::new(),
            remote_password: String::new(),
            server: PEER,
            endpoint: None,
            outward: None,
            inward: None,
            profile: None,
            answered: None,
            last_check: None,
            events: VecDeque::new(),
            successes: 0,
            lies: false,
            controlling: true,
            pause: Duration::ZERO,
        }
    }

    /// The same over TCP.
    pub fn over_tcp(address: &str) -> Self {
        Self { over_tcp: true, ..Self::new(address, Knows::Both) }
    }

    /// Takes the server's answer: its credentials and where it is.
    pub fn accept(&mut self, answer: &str, want_ipv6: bool) {
        let line = |name: &str| answer.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        self.remote_ufrag = line("a=ice-ufrag:").expect("a fragment");
        self.remote_password = line("a=ice-pwd:").expect("a password");
        let transport = if self.over_tcp { "tcp" } else { "udp" };
        let candidates = answer.lines().filter_map(|line| line.strip_prefix("a=candidate:"));
        self.server = candidates
            .filter_map(|candidate| {
                let fields: Vec<_> = candidate.split(' ').collect();
                fields.get(2).filter(|named| **named == transport)?;
                let ip: std::net::IpAddr = fields.get(4)?.parse().ok()?;
                Some(SocketAddr::new(ip, fields.get(5)?.parse().ok()?))
            })
            .find(|address| address.is_ipv6() == want_ipv6)
            .expect("a candidate of this family");
        if self.over_tcp {
            self.line = Some(Line::to(self.server));
        }
        // A restart is checked anew.
        self.answered = None;
        self.last_check = None;
    }

    /// A check with these credentials.
    pub fn check(&self, username: &str, password: &str, controlling: bool, nominates: bool) -> Vec<u8> {
        let mut message = Message::new();
        let username = TextAttribute::new(ATTR_USERNAME, username.to_owned());
        message.build(&[Box::new(TransactionId::new()), Box::new(BINDING_REQUEST), Box::new(username)]).expect("a check");
        message.add(ATTR_PRIORITY, &[0x6e, 0xff, 0xff, 0xff]);
        message.add(if controlling { ATTR_ICE_CONTROLLING } else { ATTR_ICE_CONTROLLED }, &[1, 2, 3, 4, 5, 6, 7, 8]);
        if nominates {
            message.add(ATTR_USE_CANDIDATE, &[]);
        }
        MessageIntegrity::new_short_term_integrity_with_provider(password.to_owned(), self.provider.crypto())
            .add_to(&mut message)
            .expect("signed");
        FINGERPRINT.add_to(&mut message).expect("a checksum");
        message.raw
    }

    /// The check that a browser sends.
    pub fn own_check(&self) -> Vec<u8> {
        self.check(&format!("{}:{}", self.remote_ufrag, self.ufrag), &self.remote_password, self.controlling, self.controlling)
    }

    /// Answers a check of the other side, as servers that are no lite ones send them.
    fn answer_check(&self, request: &Message) {
        let mapped = XorMappedAddress { ip: self.server.ip(), port: self.server.port() };
        let mut answer = Message::new();
        answer.build(&[Box::new(request.transaction_id), Box::new(BINDING_SUCCESS), Box::new(mapped)]).expect("an answer");
        MessageIntegrity::new_short_term_integrity_with_provider(self.password.clone(), self.provider.crypto())
            .add_to(&mut answer)
            .expect("signed");
        FINGERPRINT.add_to(&mut answer).expect("a checksum");
        self.send_raw(&answer.raw);
    }

    /// Sends bytes as they are.
    pub fn send_raw(&self, bytes: &[u8]) {
        match &self.line {
            Some(line) => line.send(bytes),
            None => drop(self.socket.send_to(bytes, self.server)),
        }
    }

    /// Protects a media packet and returns what would be sent.
    pub fn protect(&mut self, packet: &[u8]) -> Vec<u8> {
        self.outward.as_mut().expect("connected").encrypt_rtp(packet).expect("protected").to_vec()
    }

    /// Sends a media packet.
    pub fn send(&mut self, packet: &[u8]) {
        let protected = self.protect(packet);
        self.send_raw(&protected);
    }

    /// Sends a report.
    pub fn send_report(&mut self, report: &[u8]) {
        let protected = self.outward.as_mut().expect("connected").encrypt_rtcp(report).expect("protected");
        self.send_raw(&protected);
    }

    /// Whether media can be sent and received.
    pub const fn is_connected(&self) -> bool {
        self.outward.is_some()
    }

    /// Checks, shakes hands and opens packets; waits at most this long for one.
    pub fn step(&mut self, wait: Duration) {
        let now = Instant::now();
        if self.answered.is_none() && self.last_check.is_none_or(|last| now - last >= CHECK) {
            self.last_check = Some(now);
            self.send_raw(&self.own_check());
        }
        if self.answered.is_some_and(|at| now - at >= self.pause) && self.endpoint.is_none() && !self.is_connected() {
            self.endpoint = Some(self.begin_handshake(now));
        }
        if let Some(endpoint) = self.endpoint.as_mut().filter(|_| self.outward.is_none()) {
            let _ = endpoint.handle_timeout(PEER, now);
        }
        self.flush();
        let wait = wait.max(Duration::from_millis(1));
        if let Some(line) = &mut self.line {
            if let Some(packet) = line.receive(wait) {
                self.take(&packet);
            }
        } else {
            self.socket.set_read_timeout(Some(wait)).expect("a deadline");
            let mut buffer = [0; 2_048];
            if let Ok((length, _)) = self.socket.recv_from(&mut buffer) {
                self.take(&buffer[..length]);
            }
        }
        self.flush();
    }

    fn flush(&mut self) {
        while let Some(message) = self.endpoint.as_mut().and_then(Endpoint::poll_transmit) {
            self.send_raw(&message.message);
        }
    }

    fn take(&mut self, datagram: &[u8]) {
        match datagram.first() {
            Some(0..=3) => {
                let mut message = Message::new();
                message.raw = datagram.to_vec();
                let is_read = message.decode().is_ok();
                if is_read && message.typ == BINDING_SUCCESS {
                    self.answered.get_or_insert_with(Instant::now);
                    self.successes += 1;
                } else if is_read && message.typ == BINDING_REQUEST {
                    self.answer_check(&message);
                }
            }
            Some(20..=63) => self.take_handshake(datagram),
            Some(128..=191) if (192..=223).contains(&datagram[1]) => {
                if let Some(Ok(report)) = self.inward.as_mut().map(|context| context.decrypt_rtcp(datagram)) {
                    self.events.push_back(Event::Report(report.to_vec()));
                }
            }
            Some(128..=191) => {
                if let Some(Ok(packet)) = self.inward.as_mut().map(|context| context.decrypt_rtp(datagram)) {
                    self.events.push_back(Event::Media(packet.to_vec()));
                }
            }
            _ => {}
        }
    }

    fn take_handshake(&mut self, datagram: &[u8]) {
        let Some(endpoint) = self.endpoint.as_mut() else { return };
        let events = endpoint.read(Instant::now(), PEER, None, BytesMut::from(datagram)).unwrap_or_default();
        for event in events {
            match event {
                EndpointEvent::HandshakeComplete => self.take_keys(),
                EndpointEvent::PeerClosed => self.events.push_back(Event::Closed),
                _ => {}
            }
        }
    }

    fn take_keys(&mut self) {
        let state = self.endpoint.as_ref().and_then(|endpoint| endpoint.get_connection_state(PEER)).expect("an association");
        let profile = match state.srtp_protection_profile() {
            SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm => ProtectionProfile::AeadAes128Gcm,
            _ => ProtectionProfile::Aes128CmHmacSha1_80,
        };
        self.profile = Some(state.srtp_protection_profile());
        let mut config = rtc_srtp::config::Config { profile, ..rtc_srtp::config::Config::default() };
        let length = config.keying_material_len();
        let material = state.export_keying_material(rtc_srtp::config::LABEL_EXTRACTOR_DTLS_SRTP, &[], length).expect("keys");
        config.set_session_keys_from_keying_material(material.as_ref(), true).expect("keys");
        let (keys, crypto) = (&config.keys, self.provider.crypto());
        let context = |key: &[u8], salt: &[u8]| Context::new(key, salt, profile, None, None, crypto).expect("a context");
        self.outward = Some(context(&keys.local_master_key, &keys.local_master_salt));
        self.inward = Some(context(&keys.remote_master_key, &keys.remote_master_salt));
    }

    fn begin_handshake(&self, now: Instant) -> Endpoint {
        let mut profiles = vec![SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80];
        if self.knows == Knows::Both {
            profiles.push(SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm);
        }
        let config = ConfigBuilder::default()
            .with_crypto_provider(Arc::clone(&self.provider))
            .with_certificates(vec![self.certificate.clone()])
            .with_srtp_protection_profiles(profiles)
            .with_client_auth(ClientAuthType::RequireAnyClientCert)
            .with_insecure_skip_verify(true)
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            .with_server_name("server".to_owned())
            .build(true, None)
            .expect("a configuration");
        let mut endpoint = Endpoint::new(PEER, TransportProtocol::UDP, None);
        endpoint.connect(now, PEER, Arc::new(config), None).expect("a first flight");
        endpoint
    }

    /// Connects, or says that the deadline passed.
    pub fn connect(&mut self, within: Duration) -> bool {
        let end = Instant::now() + within;
        while !self.is_connected() && Instant::now() < end {
            self.step(Duration::from_millis(20));
        }
        self.is_connected()
    }

    /// The next event that fits, before the deadline; others are dropped.
    pub fn next(&mut self, mut fits: impl FnMut(&Event) -> bool, within: Duration) -> Option<Event> {
        let end = Instant::now() + within;
        loop {
            while let Some(event) = self.events.pop_front() {
                if fits(&event) {
                    return Some(event);
                }
            }
            if Instant::now() >= end {
                return None;
            }
            self.step(Duration::from_millis(20));
        }
    }

    /// The next media packet.
    pub fn next_media(&mut self) -> Option<Vec<u8>> {
        match self.next(|event| matches!(event, Event::Media(_)), DEADLINE) {
            Some(Event::Media(packet)) => Some(packet),
            _ => None,
        }
    }
}
