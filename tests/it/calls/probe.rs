//! The probe against the real program, with each fault on the way made by the real thing: ports that are closed or swallow, a line that
//! drops or changes what passes, a name that does not resolve, a server that gives nothing back.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::web::block;
use rialto::app::App;
use rialto::calls::MediaServer;
use rialto::calls::probe::{self, Hop, OverTcp, Patience, Report, Way};
use rialto::calls::sfu::{self, Input, Sfu};

use crate::support::Town;

/// Places a call to this address with a ticket of this program.
async fn place(app: &App, url: String, connect: Duration) -> Report {
    let ground = &app.ground;
    let ticket = probe::ticket(&ground.keys, ground.clock.now()).expect("a ticket");
    let patience = Patience { connect, send: Duration::from_millis(600), knock: Duration::from_millis(600), ..Patience::default() };
    let way = Way { url, ticket, trusted: Vec::new(), patience };
    block(move || probe::run(&way)).await.expect("no panic").expect("a report")
}

/// Time enough on a machine that is busy.
const LONG: Duration = Duration::from_secs(10);
/// For what never comes.
const SHORT: Duration = Duration::from_secs(2);

/// Something on the way that speaks HTTP: it passes requests and answers on, changed.
struct Front {
    address: SocketAddr,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// How a text is changed.
type Change = Box<dyn Fn(String) -> String + Send>;

impl Front {
    fn before(town: &Town, request: Change, answer: Change) -> Self {
        let to = town.running.as_ref().expect("it runs").address;
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        let ends = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&ends);
        let thread = std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let _ = Self::pass(stream, address, to, &request, &answer);
            }
        });
        Self { address, ends, thread: Some(thread) }
    }

    fn pass(mut stream: TcpStream, own: SocketAddr, to: SocketAddr, request: &Change, answer: &Change) -> std::io::Result<()> {
        let asked = read_message(&mut stream)?.replace(&format!("Host: {own}"), &format!("Host: {to}"));
        let mut server = TcpStream::connect(to)?;
        server.write_all(request(asked).as_bytes())?;
        let said = read_message(&mut server)?;
        let (head, body) = said.split_once("\r\n\r\n").unwrap_or((&said, ""));
        let status = head.lines().next().unwrap_or_default().to_owned();
        let body = answer(body.to_owned());
        let length = body.len();
        stream.write_all(format!("{status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}").as_bytes())
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A whole message with its body, if it has one.
fn read_message(stream: &mut TcpStream) -> std::io::Result<String> {
    stream.set_read_timeout(Some(LONG))?;
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok());
            if body.len() >= length.unwrap_or(0) {
                return Ok(text);
            }
        }
        match stream.read(&mut buffer)? {
            0 => return Ok(text),
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

fn as_it_is() -> Change {
    Box::new(|text| text)
}

/// A line for datagrams that drops some of them, before the port of a media server.
struct Line {
    address: SocketAddr,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Which way a datagram goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Towards {
    Server,
    Client,
}

impl Line {
    fn before(to: SocketAddr, mut passes: impl FnMut(&[u8], Towards) -> bool + Send + 'static) -> Self {
        let front = UdpSocket::bind("127.0.0.1:0").expect("a port");
        front.set_read_timeout(Some(Duration::from_millis(1))).expect("a deadline");
        let address = front.local_addr().expect("bound");
        let ends = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&ends);
        let thread = std::thread::spawn(move || {
            let mut behind: HashMap<SocketAddr, UdpSocket> = HashMap::new();
            let mut buffer = [0; 2_048];
            while !over.load(Ordering::Relaxed) {
                while let Ok((length, from)) = front.recv_from(&mut buffer) {
                    let socket = behind.entry(from).or_insert_with(|| {
                        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
                        socket.set_nonblocking(true).expect("does not wait");
                        socket
                    });
                    if passes(&buffer[..length], Towards::Server) {
                        let _ = socket.send_to(&buffer[..length], to);
                    }
                }
                for (client, socket) in &behind {
                    while let Ok(length) = socket.recv(&mut buffer) {
                        if passes(&buffer[..length], Towards::Client) {
                            let _ = front.send_to(&buffer[..length], client);
                        }
                    }
                }
            }
        });
        Self { address, ends, thread: Some(thread) }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A voice or a picture, and nothing of what connects.
fn is_media(datagram: &[u8]) -> bool {
    matches!(datagram, [128..=191, kind, ..] if !(192..=223).contains(kind))
}

const fn is_handshake(datagram: &[u8]) -> bool {
    matches!(datagram, [20..=63, ..])
}

/// A program with a media server of the test's own, and where that is.
async fn town_with_media(wrap: impl FnOnce(Sfu) -> Arc<dyn MediaServer>) -> (Town, SocketAddr) {
    let town = Town::new().await;
    let config = sfu::Config {
        port: 0,
        threads: 1,
        addresses: vec!["127.0.0.1".parse().expect("an address")],
        limits: sfu::Limits::default(),
        cores: Vec::new(),
    };
    let calls = town.app().calls.clone();
    let server = Sfu::start(&config, Arc::new(move |output| calls.hear_media(output))).expect("a port");
    let port = server.listening()[0].port();
    town.app().calls.use_media(wrap(server));
    (town, SocketAddr::from(([127, 0, 0, 1], port)))
}

fn plain(server: Sfu) -> Arc<dyn MediaServer> {
    Arc::new(server)
}

/// The answer sends its reader to this port instead of the server's.
fn to_port(from: SocketAddr, to: SocketAddr) -> Change {
    Box::new(move |body| body.replace(&format!(" 127.0.0.1 {} typ", from.port()), &format!(" 127.0.0.1 {} typ", to.port())))
}

/// The answer's candidates over `udp` or `tcp` are at this port instead, or are not there.
fn over(transport: &'static str, port: Option<u16>) -> Change {
    Box::new(move |body| {
        // The description stands as one text in a JSON document.
        let changed = body.split("\\r\\n").filter_map(|line| {
            let mut fields: Vec<String> = line.split(' ').map(str::to_owned).collect();
            if !line.starts_with("a=candidate:") || fields.get(2).is_none_or(|named| named != transport) {
                return Some(line.to_owned());
            }
            fields[5] = port?.to_string();
            Some(fields.join(" "))
        });
        changed.collect::<Vec<_>>().join("\\r\\n")
    })
}

async fn through(line: impl FnMut(&[u8], Towards) -> bool + Send + 'static, connect: Duration) -> Report {
    let (town, media) = town_with_media(plain).await;
    let line = Line::before(media, line);
    let front = Front::before(&town, as_it_is(), to_port(media, line.address));
    let report = place(town.app(), front.url(), connect).await;
    drop((front, line));
    town.close().await;
    report
}

#[actix_web::test]
async fn a_call_comes_through_and_back() {
    let town = Town::new().await;
    let report = place(town.app(), town.url(""), LONG).await;
    assert_eq!((report.reached, report.hop), (true, None), "{report:?}");
    assert!(report.round_trip_ms.is_some(), "{report:?}");
    town.close().await;
    let report = through(|_, _| true, LONG).await;
    assert!(report.reached, "through a line that only passes on: {report:?}");
}

#[actix_web::test]
async fn names_connections_and_strangers() {
    let town = Town::new().await;
    let port = town.running.as_ref().expect("it runs").address.port();
    assert_eq!(place(town.app(), format!("http://no-such-name.invalid:{port}"), LONG).await.hop, Some(Hop::Name));
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let report = place(town.app(), format!("http://{closed}"), LONG).await;
    assert_eq!((report.hop, report.values["host"].as_str()), (Some(Hop::Connection), "127.0.0.1"), "{report:?}");
    assert_eq!(place(town.app(), town.url("").replace("http", "https"), LONG).await.hop, Some(Hop::Certificate));
    // Another host's page, as a web server in front shows it that does not pass on the name.
    let other = Front::before(&town, Box::new(|request| request.replace("Host: 127.0.0.1", "Host: other.example")), as_it_is());
    let report = place(town.app(), other.url(), LONG).await;
    assert_eq!((report.hop, report.values["why"].as_str()), (Some(Hop::Answer), "421 error.wrong_host"), "{report:?}");
    drop(other);
    let plain = Front::before(&town, Box::new(|request| request.replace("Upgrade: websocket\r\n", "")), as_it_is());
    assert_eq!(place(town.app(), plain.url(), LONG).await.hop, Some(Hop::WebSocket));
    drop(plain);
    town.close().await;
}

#[actix_web::test]
async fn a_ticket_of_another_folder_lets_nobody_in() {
    let (town, other) = (Town::new().await, Town::new().await);
    town.hand.fetch_add(3_600_000, Ordering::SeqCst);
    let report = place(other.app(), town.url(""), LONG).await;
    assert_eq!((report.hop, report.values["why"].as_str()), (Some(Hop::Answer), "403 calls.probe_ticket"), "{report:?}");
    town.close().await;
    other.close().await;
}

#[actix_web::test]
async fn a_closed_port_and_one_that_swallows() {
    let (town, media) = town_with_media(plain).await;
    let closed = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
    let swallows = UdpSocket::bind("127.0.0.1:0").expect("a port");
    for port in [closed, swallows.local_addr().expect("bound")] {
        let front = Front::before(&town, as_it_is(), to_port(media, port));
        let report = place(town.app(), front.url(), LONG).await;
        assert_eq!((report.hop, report.values["port"].as_str()), (Some(Hop::Port), port.port().to_string().as_str()), "{report:?}");
    }
    town.close().await;
}

#[actix_web::test]
async fn whether_those_come_in_who_have_no_udp() {
    let (town, _) = town_with_media(plain).await;
    let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let nobody = udp.local_addr().expect("bound").port();
    for (change, hop, tcp) in [
        (as_it_is(), None, OverTcp::Open),
        (over("tcp", Some(nobody)), None, OverTcp::Closed),
        (over("tcp", None), None, OverTcp::Off),
        (over("udp", Some(nobody)), Some(Hop::Port), OverTcp::Open),
    ] {
        let front = Front::before(&town, as_it_is(), change);
        let report = place(town.app(), front.url(), LONG).await;
        assert_eq!((report.hop, report.tcp), (hop, Some(tcp)), "{report:?}");
    }
    town.close().await;
}

#[actix_web::test]
async fn a_public_address_that_is_not_ours() {
    // Reserved for documentation: nobody answers there.
    let town = Town::with(|config| config.public_ips = vec!["192.0.2.1".parse().expect("an address")]).await;
    let report = place(town.app(), town.url(""), LONG).await;
    let values = (report.values["address"].as_str(), report.values["better"].as_str());
    assert_eq!((report.hop, values), (Some(Hop::Address), ("192.0.2.1", "127.0.0.1")), "{report:?}");
    town.close().await;
}

#[actix_web::test]
async fn a_handshake_that_is_dropped_and_one_with_a_wrong_fingerprint() {
    assert_eq!(through(|datagram, _| !is_handshake(datagram), SHORT).await.hop, Some(Hop::Dtls));
    let town = Town::new().await;
    let wrong: Change = Box::new(|body| {
        let line = "a=fingerprint:sha-256 ";
        let first = |rest: &str| if rest.starts_with("00") { "01" } else { "00" };
        let mut parts = body.split(line);
        let begin = parts.next().unwrap_or_default().to_owned();
        parts.fold(begin, |text, rest| format!("{text}{line}{}{}", first(rest), &rest[2..]))
    });
    let front = Front::before(&town, as_it_is(), wrong);
    assert_eq!(place(town.app(), front.url(), SHORT).await.hop, Some(Hop::Dtls));
    drop(front);
    town.close().await;
}

#[actix_web::test]
async fn packets_that_come_through_one_way_alone() {
    assert_eq!(through(|datagram, way| !(is_media(datagram) && way == Towards::Server), LONG).await.hop, Some(Hop::PacketsIn));
    assert_eq!(through(|datagram, way| !(is_media(datagram) && way == Towards::Client), LONG).await.hop, Some(Hop::PacketsOut));
}

#[actix_web::test]
async fn long_packets_that_are_dropped_and_too_many_that_are_lost() {
    assert_eq!(through(|datagram, _| datagram.len() < 1_000, LONG).await.hop, Some(Hop::LongPackets));
    let mut count = 0;
    let every_fifth = move |datagram: &[u8], way: Towards| {
        count += u32::from(is_media(datagram) && way == Towards::Client);
        !(is_media(datagram) && way == Towards::Client && count % 5 == 0)
    };
    assert_eq!(through(every_fifth, LONG).await.hop, Some(Hop::Loss));
}

/// A media server in which nobody is given anything back.
struct Mute(Sfu);

impl MediaServer for Mute {
    fn send(&self, input: Input) {
        match input {
            Input::OpenEcho { call } => self.0.send(Input::OpenCall { call }),
            other => self.0.send(other),
        }
    }
}

#[actix_web::test]
async fn a_server_that_forwards_nothing() {
    let (town, _) = town_with_media(|server| Arc::new(Mute(server))).await;
    assert_eq!(place(town.app(), town.url(""), LONG).await.hop, Some(Hop::PacketsOut));
    town.close().await;
}
