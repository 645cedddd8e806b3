//! A connection over rows that come when the test says: one that ends while it is still being greeted leaves nothing behind, and a replay ends
//! where its member hears the room no longer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use futures_util::future::{BoxFuture, ready};
use futures_util::{FutureExt, SinkExt, StreamExt};
use nix::sys::socket::{setsockopt, sockopt};
use rialto::error::Result;
use rialto::ids::{MemberId, RoomId, SessionId};
use rialto::live::{self, Ack, Caller, CatchUp, Commands, ConnectionLimits, Hub, LocalHub, LogId, Page, Seq, Source, Standing};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_tungstenite::tungstenite::Message;

/// Rows that are read no sooner than the test says.
struct Held {
    /// Greetings that have begun.
    begun: AtomicUsize,
    /// Greetings that may go on.
    allowed: Arc<Semaphore>,
    /// Pages that were asked for.
    pages: AtomicUsize,
}

/// A room that the member has left since, as their connection does not know yet.
const LEFT: RoomId = RoomId(11);
/// A room that begins for the member at a later place now.
const LATER: RoomId = RoomId(12);

impl Source for Held {
    fn standing(&self, _: Caller) -> BoxFuture<'static, Result<Standing>> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let allowed = Arc::clone(&self.allowed);
        async move {
            allowed.acquire().await.expect("never closed").forget();
            Ok(Standing { epoch: "e".to_owned(), me: json!({}), calls: json!([]), me_head: 1, rooms: vec![(LEFT, 5), (LATER, 5)] })
        }
        .boxed()
    }

    fn page(&self, log: LogId, _: Option<MemberId>, _: Seq, _: i64) -> BoxFuture<'static, Result<Page>> {
        self.pages.fetch_add(1, Ordering::SeqCst);
        ready(Ok(if log == LogId::Room(LEFT) { Page::Gone } else { Page::Reset })).boxed()
    }

    fn catch_up(&self, _: Caller, cursors: Vec<(LogId, Seq)>) -> BoxFuture<'static, Result<Vec<(LogId, CatchUp)>>> {
        ready(Ok(cursors.into_iter().map(|(log, after)| (log, CatchUp::Replay { after, head: 5 })).collect())).boxed()
    }

    fn heads(&self) -> BoxFuture<'static, Result<Vec<(LogId, Seq)>>> {
        ready(Ok(Vec::new())).boxed()
    }
}

/// Knows no command.
struct Mute;

impl Commands for Mute {
    fn run(&self, _: Caller, _: &str, _: &str) -> Option<BoxFuture<'static, Result<Option<Ack>>>> {
        None
    }

    fn admit(&self, _: Caller) -> Result<()> {
        Ok(())
    }

    fn shows_presence(&self) -> bool {
        true
    }

    fn sentence(&self, _: &str, _: &str) -> String {
        String::new()
    }
}

/// Every connection is one of the same member.
async fn accept(request: HttpRequest, payload: web::Payload) -> Result<HttpResponse> {
    let local = request.app_data::<LocalHub>().expect("a worker's hub").clone();
    let caller = Caller { member: MemberId(7), session: SessionId(1), address: None, language: "en", shard: 0, connection: 0 };
    live::open(&request, payload, caller, &local, ConnectionLimits { per_member: 20, per_second: 200 })
}

struct Scene {
    hub: Hub,
    held: Arc<Held>,
    address: SocketAddr,
    server: ServerHandle,
}

impl Scene {
    fn new() -> Self {
        let (hub, held) =
            (Hub::new(), Arc::new(Held { begun: AtomicUsize::new(0), allowed: Arc::new(Semaphore::new(0)), pages: AtomicUsize::new(0) }));
        let (of_worker, source) = (hub.clone(), Arc::clone(&held));
        let server = HttpServer::new(move || {
            let local = of_worker.shard(Duration::from_secs(25), Arc::clone(&source) as Arc<dyn Source>, Arc::new(Mute));
            App::new().app_data(local).default_service(web::to(accept))
        });
        let server = server.workers(1).disable_signals().bind("127.0.0.1:0").expect("a free port");
        let address = server.addrs()[0];
        let running = server.run();
        let handle = running.handle();
        actix_web::rt::spawn(running);
        Self { hub, held, address, server: handle }
    }

    /// A connection whose greeting has begun and is held.
    async fn connect(&self) -> TcpStream {
        let before = self.held.begun.load(Ordering::SeqCst);
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        let request = format!(
            "GET /live HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.expect("an answer");
        assert_eq!(&head, b"HTTP/1.1 101");
        until("the greeting begins", || self.held.begun.load(Ordering::SeqCst) > before).await;
        assert_eq!((self.hub.connections(), self.hub.members_online()), (1, 1));
        stream
    }

    /// Nothing is counted any more, and a new connection is greeted like the first.
    async fn ends_as_new(self) {
        until("nobody is there", || self.hub.connections() == 0 && self.hub.members_online() == 0).await;
        self.held.allowed.add_permits(1);
        let (mut next, _) = tokio_tungstenite::connect_async(format!("ws://{}/live", self.address)).await.expect("a connection");
        let hello = next.next().await.expect("a frame").expect("a frame").into_text().expect("text");
        assert_eq!(serde_json::from_str::<Value>(&hello).expect("JSON")["type"], "hello");
        next.send_ping_and_hear_the_answer().await;
        assert_eq!((self.hub.connections(), self.hub.members_online()), (1, 1));
        drop(next);
        until("nobody is there", || self.hub.connections() == 0).await;
        self.server.stop(false).await;
    }
}

/// Waits for a condition, and fails when it takes too long.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let mut looks = tokio::time::interval(Duration::from_millis(5));
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        looks.tick().await;
    }
    panic!("waited in vain: {what}");
}

trait Alive {
    async fn send_ping_and_hear_the_answer(&mut self);
}

impl Alive for tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<TcpStream>> {
    async fn send_ping_and_hear_the_answer(&mut self) {
        self.send(Message::text(r#"{"type":"ping","ref":"1"}"#)).await.expect("sent");
        let answer = self.next().await.expect("a frame").expect("a frame").into_text().expect("text");
        assert_eq!(serde_json::from_str::<Value>(&answer).expect("JSON"), json!({ "type": "ack", "ref": "1" }), "and nothing before it");
    }
}

#[actix_web::test]
async fn a_reset_while_the_greeting_is_read_takes_everything_away_at_once() {
    let scene = Scene::new();
    let stream = scene.connect().await;
    setsockopt(&stream, sockopt::Linger, &nix::libc::linger { l_onoff: 1, l_linger: 0 }).expect("the next close is a reset");
    drop(stream);
    until("the reset is noticed though nobody was greeted", || scene.hub.connections() == 0).await;
    scene.held.allowed.add_permits(1);
    scene.ends_as_new().await;
}

#[actix_web::test]
async fn an_end_without_a_word_while_the_greeting_is_read_leaves_nothing() {
    let scene = Scene::new();
    drop(scene.connect().await);
    scene.held.allowed.add_permits(1);
    scene.ends_as_new().await;
}

/// The page is read after the removal, and the connection hears of that later: it must not ask for the same page again and again meanwhile.
#[actix_web::test]
async fn a_replay_ends_where_its_member_hears_the_room_no_longer() {
    let scene = Scene::new();
    scene.held.allowed.add_permits(1);
    let (mut socket, _) = tokio_tungstenite::connect_async(format!("ws://{}/live", scene.address)).await.expect("a connection");
    let rooms = json!({ LEFT.to_string(): 2, LATER.to_string(): 2 });
    socket.send(Message::text(json!({ "type": "sync", "ref": "s", "rooms": rooms }).to_string())).await.expect("sent");
    let mut heard = Vec::new();
    for _ in 0..4 {
        let frame = socket.next().await.expect("a frame").expect("a frame").into_text().expect("text");
        let frame: Value = serde_json::from_str(&frame).expect("JSON");
        heard.push((frame["type"].as_str().expect("a type").to_owned(), frame["room"].clone()));
    }
    heard[2..].sort_by(|one, other| one.0.cmp(&other.0));
    let notice = |kind: &str, room: RoomId| (kind.to_owned(), json!(room.to_string()));
    assert_eq!((heard[0].0.as_str(), heard[1].0.as_str()), ("hello", "ack"));
    assert_eq!(heard[2..], [notice("gone", LEFT), notice("reset", LATER)]);
    socket.send_ping_and_hear_the_answer().await;
    assert_eq!(scene.held.pages.load(Ordering::SeqCst), 2, "each was read once");
    scene.server.stop(false).await;
}

#[actix_web::test]
async fn a_close_by_the_client_while_the_greeting_is_read_is_answered() {
    let scene = Scene::new();
    let mut stream = scene.connect().await;
    // A masked close frame with code 1000; the mask is all zeros.
    stream.write_all(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]).await.expect("sent");
    scene.held.allowed.add_permits(1);
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.expect("the end");
    assert!(rest.ends_with(&[0x88, 2, 0x03, 0xe8]), "the close is answered with 1000: {rest:?}");
    scene.ends_as_new().await;
}
