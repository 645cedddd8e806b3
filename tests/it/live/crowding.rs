//! Much that comes at once hurts nobody who reads, and what asks for more than a WebSocket gets none.

use reqwest::Method;
use rialto::chat::RoomKind;
use rialto::live::{Effect, LogId, Logged};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::Town;

#[actix_web::test]
async fn commits_back_to_back_close_nobody_who_reads() {
    let town = Town::with(|config| config.workers = 1).await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let mut socket = bob.connect().await;
    let head = socket.hello["heads"][room.to_string()].as_i64().expect("a head");
    // Each of them is most of what a connection may have waiting, and all are there before the worker has its turn.
    let (commits, size) = (10, 700);
    let hub = town.app().ground.hub.clone();
    for commit in 0..commits {
        let first = head + 1 + commit * size;
        let event = |seq| Logged {
            log: LogId::Room(room),
            seq,
            at: 0,
            event: json!({ "kind": "noise", "n": seq }).to_string().into(),
            effect: Effect::None,
            instead: Vec::new(),
        };
        hub.publish((first..first + size).map(event).collect(), Vec::new());
    }
    for seq in head + 1..=head + commits * size {
        assert_eq!(socket.event("noise").await["seq"], seq);
    }
    town.close().await;
}

#[actix_web::test]
async fn what_asks_for_more_than_a_websocket_gets_none() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    let address = town.running.as_ref().expect("it runs").address;
    let odd = [
        (Method::HEAD, "Upgrade: websocket\r\n"),
        (Method::GET, "Upgrade: websocket, other\r\n"),
        (Method::GET, "Upgrade: other\r\nUpgrade: websocket\r\n"),
        (Method::GET, "Upgrade: websocket\r\nTransfer-Encoding: chunked\r\n"),
    ];
    for (method, lines) in odd {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let request = format!(
            "{method} /live HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nConnection: Upgrade\r\n{lines}\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            ann.token
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut head = [0; 10];
        stream.read_exact(&mut head).await.expect("an answer");
        assert_eq!(&head, b"HTTP/1.1 4", "{method} {lines}");
    }
    let _still = ann.connect().await;
    town.close().await;
}
