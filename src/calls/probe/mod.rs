//! A real call placed from outside: through the community's public address, with a peer connection that is not ours, as a browser would.
//! It finds the first hop that fails; what was seen is judged by a pure function.
//!
//! It speaks to the program over the network alone, so it works as well from a command beside it. What lets it in is a ticket made from
//! the data folder's master key.

pub mod browser;
mod guest;
mod http;
mod knock;
mod peer;
mod verdict;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

pub use guest::{Guest, Stay};
pub use verdict::{Hop, Knock, Media, Observed, OverTcp, Reached, Verdict, judge, over_tcp, promised};

use super::check::EchoState;
use crate::access::Keys;
use crate::clock::Millis;
use crate::config::origin::Origin;
use crate::config::{Config, TlsMode};
use crate::error::{Error, Result};
use crate::text::Words;
use http::{Answer, Site};

/// For what tickets are made.
const PURPOSE: &str = "call probe";
/// How long a ticket is good, milliseconds.
const TICKET_MS: Millis = 60_000;
/// Low bits of a ticket's number: they tell apart those of one millisecond.
const CHANCE_BITS: u32 = 10;

/// How long each hop may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// A connection, a handshake or an answer over TCP.
    pub http: Duration,
    /// An answer over UDP, with three tries in it.
    pub knock: Duration,
    /// ICE and DTLS together.
    pub connect: Duration,
    /// How long sound and pictures are sent.
    pub send: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            http: Duration::from_secs(5),
            knock: Duration::from_millis(1_500),
            connect: Duration::from_secs(5),
            send: Duration::from_millis(1_500),
        }
    }
}

/// Where and how a call is placed.
#[derive(Clone, Debug)]
pub struct Way {
    /// The community's public address.
    pub url: String,
    /// What lets the probe in.
    pub ticket: String,
    /// Files with certificates that are trusted beside those of the web.
    pub trusted: Vec<PathBuf>,
    /// How long anything may take.
    pub patience: Patience,
}

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = CallReport)]
pub struct Report {
    /// Do calls reach the community?
    pub reached: bool,
    /// The first hop that fails: `name`, `connection`, `certificate`, `answer`, `web_socket`, `off`, `address`, `port`, `ice`, `dtls`,
    /// `packets_in`, `packets_out`, `long_packets`, `loss`. Null when none does.
    pub hop: Option<Hop>,
    /// What the sentences about it name: `host`, `address`, `port`, `better`, `why`.
    #[schema(value_type = Object)]
    pub values: BTreeMap<String, String>,
    /// Whether those come in who have no UDP: `open`, `closed` or `off`. Null when the look did not come so far.
    pub tcp: Option<OverTcp>,
    /// From a packet sent to the same packet back, milliseconds.
    pub round_trip_ms: Option<u32>,
}

impl Report {
    /// What is so, and what to do about it; the first alone when nothing is to be done.
    #[must_use]
    pub fn told(&self, words: &Words, language: &str) -> (String, Option<String>) {
        let t = |key: &str| self.say(words, language, key);
        match self.hop {
            Some(hop) => (t(&format!("calls.probe_{}", hop.name())), Some(t(&format!("calls.probe_{}_do", hop.name())))),
            None => (t("calls.probe_reached"), None),
        }
    }

    /// How those fare who have no UDP, and what to do about it; none when the look did not come so far.
    #[must_use]
    pub fn told_of_tcp(&self, words: &Words, language: &str) -> Option<String> {
        self.tcp.map(|tcp| self.say(words, language, &format!("calls.probe_tcp_{}", tcp.name())))
    }

    fn say(&self, words: &Words, language: &str, key: &str) -> String {
        let took = self.round_trip_ms.unwrap_or_default().to_string();
        let known = ["host", "address", "port", "better", "why"].map(|name| (name, self.values.get(name).map_or("?", String::as_str)));
        let values: Vec<(&str, &str)> = known.into_iter().chain([("ms", took.as_str())]).collect();
        words.t(language, key, &values)
    }
}

/// What the server answers to a probe's offer.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Admitted {
    /// The answer to its offer.
    pub sdp: String,
    /// The public addresses that the operator named.
    #[schema(value_type = Vec<String>)]
    pub named: Vec<IpAddr>,
}

/// A ticket for one probe.
///
/// # Errors
/// When the machine has no randomness.
pub fn ticket(keys: &Keys, now: Millis) -> Result<String> {
    let mut chance = [0; 2];
    getrandom::fill(&mut chance).map_err(Error::broken)?;
    let chance = i64::from(u16::from_be_bytes(chance)) & ((1 << CHANCE_BITS) - 1);
    Ok(keys.code_for(PURPOSE, ((now + TICKET_MS) << CHANCE_BITS) | chance))
}

/// The number of a ticket that is ours and not over.
///
/// # Errors
/// 403 `calls.probe_ticket`.
pub fn admit(keys: &Keys, ticket: &str, now: Millis) -> Result<i64> {
    let number = keys.id_of_code(PURPOSE, ticket).filter(|number| {
        let left = (number >> CHANCE_BITS) - now;
        (1..=TICKET_MS).contains(&left)
    });
    number.ok_or(Error::forbidden("calls.probe_ticket"))
}

/// Files with the authorities that may stand behind the community's own certificate.
#[must_use]
pub fn trusted(config: &Config) -> Vec<PathBuf> {
    match &config.tls {
        TlsMode::Lan => vec![config.data.join("lan").join("authority.pem")],
        TlsMode::Domain(_) => config.acme_ca.iter().cloned().collect(),
        TlsMode::Files { cert, .. } => vec![cert.clone()],
        TlsMode::Off => Vec::new(),
    }
}

/// Places the call and says what it found. Blocks for up to half a minute.
///
/// # Errors
/// When this machine gives the probe no thread or socket of its own.
pub fn run(way: &Way) -> Result<Report> {
    let observed = observe(way)?;
    Ok(report(&observed, &judge(&observed)))
}

/// Asks the community's address for something, as anybody would, and gives what it answers. Blocks for a few seconds at most.
///
/// # Errors
/// Why there is nothing, in a few words.
pub fn ask(url: &str, trusted: &[PathBuf], path: &str) -> std::result::Result<String, String> {
    let origin = Origin::parse(url).ok_or_else(|| format!("{url} is no address"))?;
    let host = host_of(&origin);
    let addresses = (host.as_str(), origin.port).to_socket_addrs().map_err(|error| error.to_string())?.collect();
    let site = Site { origin, host, addresses, trusted: trusted.to_vec(), patience: Patience::default().http };
    match site.get(path) {
        Ok(Answer { status: 200, body }) => Ok(body),
        Ok(Answer { status, .. }) => Err(format!("it answers with {status}")),
        Err(failure) => Err(failure.to_string()),
    }
}

/// The host of an address, without brackets.
fn host_of(origin: &Origin) -> String {
    origin.host.trim_start_matches('[').trim_end_matches(']').to_owned()
}

fn report(observed: &Observed, verdict: &Verdict) -> Report {
    let mut values = BTreeMap::from([("host".to_owned(), observed.host.clone())]);
    let mut put = |name: &str, value: Option<String>| values.extend(value.map(|value| (name.to_owned(), value)));
    put("why", observed.why.clone());
    let first = promised(observed).first().or(observed.offered.first()).copied();
    put("address", first.map(|address| address.ip().to_string()));
    put("port", first.map(|address| address.port().to_string()));
    put("better", verdict.better.map(|ip| ip.to_string()));
    let round_trip_ms = observed.media.and_then(|media| media.round_trip_ms);
    Report { reached: verdict.hop.is_none(), hop: verdict.hop, values, tcp: over_tcp(observed), round_trip_ms }
}

/// Goes hop by hop, as far as it gets.
fn observe(way: &Way) -> Result<Observed> {
    let mut seen = Observed::default();
    let Some(origin) = Origin::parse(&way.url) else { return Ok(seen) };
    let host = host_of(&origin);
    seen.host.clone_from(&host);
    let Ok(found) = (host.as_str(), origin.port).to_socket_addrs() else { return Ok(seen) };
    let addresses: Vec<SocketAddr> = found.collect();
    seen.resolved = addresses.iter().map(SocketAddr::ip).collect();
    if addresses.is_empty() {
        return Ok(seen);
    }
    let site = Site { origin, host, addresses, trusted: way.trusted.clone(), patience: way.patience.http };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(call(way, &site, &mut seen))?;
    Ok(seen)
}

async fn call(way: &Way, site: &Site, seen: &mut Observed) -> Result<()> {
    let peer = Box::pin(peer::Peer::new(&seen.resolved)).await?;
    let called = Box::pin(with_peer(way, site, &peer, seen)).await;
    peer.close().await;
    called
}

async fn with_peer(way: &Way, site: &Site, peer: &peer::Peer, seen: &mut Observed) -> Result<()> {
    let offer = peer.offer().await?;
    let asked = post(site, "/api/v1/calls/probe", &json!({ "ticket": way.ticket, "sdp": offer })).await;
    seen.answer = asked.reached;
    seen.why = asked.why;
    let Some(admitted) = asked.body.and_then(|body| serde_json::from_str::<Admitted>(&body).ok()) else { return Ok(()) };
    seen.web_socket = web_socket(site).await;
    seen.named.clone_from(&admitted.named);
    seen.offered = peer::candidates(&admitted.sdp, "udp");
    seen.offered_over_tcp = peer::candidates(&admitted.sdp, "tcp");
    if !seen.web_socket {
        return Ok(());
    }
    let ports: Vec<u16> = seen.offered.iter().map(SocketAddr::port).take(1).collect();
    let beside = seen.resolved.iter().flat_map(|ip| ports.iter().map(|port| SocketAddr::new(*ip, *port)));
    let mut to: Vec<SocketAddr> = seen.offered.iter().copied().chain(beside).collect();
    to.sort_unstable();
    to.dedup();
    let credentials = knock::Credentials::of(&offer, &admitted.sdp);
    let patience = way.patience.knock;
    // Browsers are offered both at the same addresses; where they are promised is where it has to work.
    let promised_ips: Vec<IpAddr> = promised(seen).iter().map(SocketAddr::ip).collect();
    let over_tcp: Vec<SocketAddr> = seen.offered_over_tcp.iter().filter(|address| promised_ips.contains(&address.ip())).copied().collect();
    let knocking = move || knock::all(&to, &over_tcp, &credentials, patience);
    (seen.knocks, seen.knocks_over_tcp) = tokio::task::spawn_blocking(knocking).await.map_err(Error::broken)?;
    let reachable: Vec<SocketAddr> = promised(seen).into_iter().filter(|address| seen.answers(*address)).collect();
    if reachable.is_empty() {
        return Ok(());
    }
    let answer = peer::only(&admitted.sdp, &reachable);
    let mut media = match peer.connect(&answer, way.patience.connect).await {
        Ok(media) => media,
        // What came is no answer to this offer: somebody changed it.
        Err(error) => {
            seen.answer = Reached::Foreign;
            seen.why = Some(error.to_string());
            return Ok(());
        }
    };
    if media.dtls {
        peer.talk(way.patience.send, &mut media).await;
        let state = post(site, "/api/v1/calls/probe/state", &json!({ "ticket": way.ticket })).await.body;
        let state = state.and_then(|body| serde_json::from_str::<EchoState>(&body).ok());
        media.counted = state.map(|state| [state.audio_in, state.video_in]);
    }
    seen.media = Some(media);
    Ok(())
}

/// What became of a request.
struct Asked {
    reached: Reached,
    why: Option<String>,
    body: Option<String>,
}

async fn post(site: &Site, path: &'static str, body: &serde_json::Value) -> Asked {
    let (site, body) = (site.clone(), body.to_string());
    let sent = tokio::task::spawn_blocking(move || site.post(path, &body)).await;
    let gone = || Asked { reached: Reached::NoConnection, why: None, body: None };
    match sent {
        Ok(Ok(answer)) if answer.status < 300 => Asked { reached: Reached::Answered, why: None, body: Some(answer.body) },
        Ok(Ok(answer)) => {
            let code = serde_json::from_str::<serde_json::Value>(&answer.body).ok();
            let code = code.and_then(|body| Some(body["code"].as_str()?.to_owned()));
            let is_off = code.as_deref().is_some_and(|code| matches!(code, "calls.media_unavailable" | "calls.server_full"));
            let why = code.map_or_else(|| answer.status.to_string(), |code| format!("{} {code}", answer.status));
            Asked { reached: if is_off { Reached::Off } else { Reached::Foreign }, why: Some(why), body: None }
        }
        Ok(Err(http::Failure::Certificate(why))) => Asked { reached: Reached::NoTrust, why: Some(why), body: None },
        Ok(Err(http::Failure::Connection(why))) => Asked { reached: Reached::NoConnection, why: Some(why), body: None },
        Ok(Err(http::Failure::Answer)) => Asked { reached: Reached::Foreign, why: None, body: None },
        Err(_) => gone(),
    }
}

/// Whether a handshake comes through to the program: it then asks who we are, which a probe does not say.
async fn web_socket(site: &Site) -> bool {
    let site = site.clone();
    let asked = tokio::task::spawn_blocking(move || site.shake_hands("/live")).await;
    matches!(asked, Ok(Ok(answer)) if answer.status == 401)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_good_for_a_minute_and_only_where_it_was_made() {
        let keys = Keys::new([7; 32]);
        let made = ticket(&keys, 1_000_000).expect("randomness");
        let first = admit(&keys, &made, 1_000_000).expect("good");
        assert_eq!(admit(&keys, &made, 1_000_000 + TICKET_MS - 1).expect("still"), first);
        for (keys, text, now) in [
            (&keys, made.as_str(), 1_000_000 + TICKET_MS),
            (&keys, made.as_str(), 1_000_000 - 1),
            (&keys, "nonsense", 1_000_000),
            (&Keys::new([8; 32]), made.as_str(), 1_000_000),
            (&keys, keys.code_for("invite", (1_000_000 + TICKET_MS) << CHANCE_BITS).as_str(), 1_000_000),
        ] {
            assert_eq!(admit(keys, text, now).expect_err("not good").code(), "calls.probe_ticket", "{text} {now}");
        }
    }

    #[test]
    fn without_an_address_nothing_is_seen() {
        let way = Way { url: "nonsense".to_owned(), ticket: String::new(), trusted: Vec::new(), patience: Patience::default() };
        assert_eq!(run(&way).expect("a report").hop, Some(Hop::Name));
    }
}
