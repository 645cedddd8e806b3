//! One participant's way in and out: who is believed to be it, where its packets go, and what protects them.

use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::Instant;

use rtc_crypto::{CryptoError, RTCCryptoProvider};

use super::door::{Micros, Route};
use super::dtls::{Association, Identity, Progress};
use super::ice::{ANSWER, Credentials, Request};
use super::paths::Paths;
use super::slab::Destination;
use super::socket::{Remote, for_family};
use super::srtp::Context;
use super::transactions::Transactions;

/// The two halves of what both sides prove to each other.
struct Pair {
    ours: Credentials,
    theirs: String,
}

/// The connection of one participant.
pub struct Connection {
    current: Pair,
    /// What stood before an ICE restart: good until the browser chooses a path with the new.
    previous: Option<Pair>,
    transactions: Transactions,
    /// SHA-256 of the browser's certificate.
    pub remote_fingerprint: [u8; 32],
    association: Association,
    /// For what comes in, from the end of the handshake.
    pub inward: Option<Context>,
    /// For what goes out.
    pub outward: Option<Context>,
    paths: Paths,
    chosen: Option<(Remote, Destination)>,
    route: Option<Route>,
    ipv6_socket: bool,
    token: u64,
    /// When the last authentic check came; `None` before the first.
    pub checked: Option<Micros>,
    /// When anything authentic came last.
    pub heard: Micros,
    /// When the path on which packets leave was checked last: consent to send there (RFC 7675).
    pub consent: Micros,
}

/// What an authentic check has changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Length of the answer.
    pub answer: usize,
    /// The path is new.
    pub learned: bool,
    /// This one is to be forgotten, since there are too many.
    pub forgotten: Option<Remote>,
    /// Credentials that are no longer good.
    pub withdrawn: Option<String>,
}

/// What a connection is made with.
pub struct Terms<'a> {
    /// The server's certificate.
    pub identity: &'a Identity,
    /// The browser's user name fragment.
    pub remote_fragment: &'a str,
    /// SHA-256 of the browser's certificate.
    pub remote_fingerprint: [u8; 32],
    /// The instant at time 0.
    pub origin: Instant,
    /// The socket is of both families.
    pub ipv6_socket: bool,
    /// Unlike that of every other connection.
    pub token: u64,
}

impl Connection {
    /// A connection that waits for checks.
    ///
    /// # Errors
    /// When no credentials can be made.
    pub fn new(terms: &Terms<'_>, provider: &Arc<dyn RTCCryptoProvider>, now: Micros) -> Result<Self, CryptoError> {
        Ok(Self {
            current: Pair { ours: Credentials::new(provider)?, theirs: terms.remote_fragment.to_owned() },
            previous: None,
            transactions: Transactions::default(),
            remote_fingerprint: terms.remote_fingerprint,
            association: Association::new(terms.identity.clone(), terms.remote_fingerprint, terms.origin),
            inward: None,
            outward: None,
            paths: Paths::default(),
            chosen: None,
            route: None,
            ipv6_socket: terms.ipv6_socket,
            token: terms.token,
            checked: None,
            heard: now,
            consent: now,
        })
    }

    /// The fragment and the password that the answer tells.
    #[must_use]
    pub fn credentials(&self) -> (&str, &str) {
        (&self.current.ours.ufrag, &self.current.ours.password)
    }

    /// Every fragment of ours under which checks may come.
    pub fn fragments(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.current).chain(&self.previous).map(|pair| pair.ours.ufrag.as_str())
    }

    /// The paths by which authentic checks came.
    #[must_use]
    pub fn paths(&self) -> &[Remote] {
        self.paths.all()
    }

    /// The browser's fragment in its newest offer.
    #[must_use]
    pub fn remote_fragment(&self) -> &str {
        &self.current.theirs
    }

    /// The browser restarts ICE: new credentials on both sides, the association stays. Returns a fragment that is no longer
    /// good.
    ///
    /// # Errors
    /// When no credentials can be made.
    pub fn restart(&mut self, remote_fragment: &str, provider: &Arc<dyn RTCCryptoProvider>) -> Result<Option<String>, CryptoError> {
        let new = Pair { ours: Credentials::new(provider)?, theirs: remote_fragment.to_owned() };
        let old = std::mem::replace(&mut self.current, new);
        Ok(self.previous.replace(old).map(|pair| pair.ours.ufrag))
    }

    /// A number of this connection alone.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.token & ((1 << 48) - 1)
    }

    /// Where packets go, once a path is known.
    #[must_use]
    pub fn to(&self) -> Option<&Destination> {
        self.chosen.as_ref().map(|(_, to)| to)
    }

    /// What protects outgoing packets, and where they go; `None` until both are known.
    pub const fn sender(&mut self) -> Option<(&mut Context, &Destination)> {
        match (&mut self.outward, &self.chosen) {
            (Some(context), Some((_, to))) => Some((context, to)),
            _ => None,
        }
    }

    /// How they travel.
    #[must_use]
    pub const fn route(&self) -> Option<Route> {
        self.route
    }

    /// Whether media can be sent.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        self.outward.is_some() && self.chosen.is_some()
    }

    /// Handles a check that came by a path to an address of ours; `None` if it is not authentic. The answer stands in `out`.
    pub fn check(
        &mut self,
        packet: &[u8],
        request: &Request<'_>,
        (from, at): (Remote, Ipv6Addr),
        now: Micros,
        out: &mut [u8; ANSWER],
    ) -> Option<Checked> {
        let fits = |pair: &Pair| pair.ours.ufrag == request.local && pair.theirs == request.remote;
        let is_current = fits(&self.current);
        let pair = if is_current { &mut self.current } else { self.previous.as_mut().filter(|pair| fits(pair))? };
        if !request.is_authentic(packet, &mut pair.ours) {
            return None;
        }
        let is_new = self.transactions.is_new(&request.transaction);
        if !is_new && !self.paths.has(from) {
            // Caught on the way and said again from elsewhere: no media goes there, not even an answer.
            return None;
        }
        let mut checked = Checked { answer: request.answer(from.address, &mut pair.ours, out).ok()?, ..Checked::default() };
        // One that is repeated where its answer was lost is answered again, and agrees to nothing anew.
        if request.wants_our_role || !is_new {
            return Some(checked);
        }
        self.checked = Some(now);
        self.heard = now;
        if !self.paths.has(from) {
            checked.forgotten = self.paths.learn(from, self.chosen_path());
            checked.learned = true;
        }
        if request.nominates || self.chosen.is_none() {
            self.choose(from, at);
        }
        if self.chosen_path() == Some(from) {
            self.consent = now;
        }
        if request.nominates && is_current {
            checked.withdrawn = self.previous.take().map(|pair| pair.ours.ufrag);
        }
        Some(checked)
    }

    /// A path is no more. If it was the chosen one, nothing is sent until another is checked.
    pub fn forget(&mut self, path: Remote) {
        self.paths.forget(path);
        if self.chosen_path() == Some(path) {
            self.chosen = None;
        }
    }

    fn chosen_path(&self) -> Option<Remote> {
        self.chosen.as_ref().map(|(path, _)| *path)
    }

    fn choose(&mut self, path: Remote, at: Ipv6Addr) {
        if self.chosen.as_ref().is_some_and(|(chosen, to)| *chosen == path && to.from == at) {
            return;
        }
        // Packets to the old and to the new address must not be joined.
        self.token = self.token.wrapping_add(1 << 48);
        let address = for_family(path.address, self.ipv6_socket);
        self.chosen = Some((path, Destination { address, from: at, token: self.token, line: path.line }));
        self.route = Some(match (path.line.is_some(), path.address.is_ipv4()) {
            (false, true) => Route::UdpV4,
            (false, false) => Route::UdpV6,
            (true, true) => Route::TcpV4,
            (true, false) => Route::TcpV6,
        });
    }

    /// Feeds a datagram of the handshake. After [`Progress::Done`] the contexts stand here, and an empty box is returned.
    pub fn handshake(&mut self, datagram: &[u8], now: Micros, send: impl FnMut(&[u8])) -> Handshake {
        match self.association.read(datagram, now, send) {
            Progress::Waiting => Handshake::Waiting,
            Progress::Closed => Handshake::Closed,
            Progress::Failed => Handshake::Failed,
            Progress::Done(contexts) => {
                let (inward, outward) = *contexts;
                self.inward = Some(inward);
                self.outward = Some(outward);
                self.heard = now;
                Handshake::Done
            }
        }
    }

    /// Sends again what of the handshake was not answered.
    pub fn tick(&mut self, now: Micros, send: impl FnMut(&[u8])) {
        if self.outward.is_none() {
            self.association.tick(now, send);
        }
    }

    /// Forgets the association without a word.
    pub fn abandon(&mut self) {
        self.association.abandon();
    }

    /// Tells the browser that it is over.
    pub fn close(&mut self, now: Micros, send: impl FnMut(&[u8])) {
        self.association.close(now, send);
        self.inward = None;
        self.outward = None;
    }
}

/// What a datagram of the handshake brought about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// Nothing yet.
    Waiting,
    /// It is done.
    Done,
    /// The browser closed the connection.
    Closed,
    /// It cannot succeed any more.
    Failed,
}
