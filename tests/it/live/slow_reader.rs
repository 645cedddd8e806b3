//! Somebody who does not read hurts nobody else, and is shown the door.

use std::time::{Duration, Instant};

use reqwest::Method;
use rialto::chat::RoomKind;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::{Person, Town};

/// A handshake by hand; nothing is read after it.
async fn deaf(town: &Town, person: &Person) -> TcpStream {
    let address = town.running.as_ref().expect("it runs").address;
    // Little room in the pipe, so that little has to be said to fill it.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    let mut stream = socket.connect(address).await.expect("a connection");
    let request = format!(
        "GET /live HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        person.token
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.expect("an answer");
    assert_eq!(&head, b"HTTP/1.1 101");
    stream
}

#[actix_web::test]
async fn a_reader_who_does_not_read_is_closed_with_4008_and_others_are_not_delayed() {
    // One worker: the deaf one and the others share it.
    let town = Town::with(|config| (config.raised_limits, config.workers) = (true, 1)).await;
    let (ann, bob, deaf_one) = (town.member("ann").await, town.member("bob").await, town.member("deaf").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob, &deaf_one]).await;
    let mut stream = deaf(&town, &deaf_one).await;
    let (mut sender, mut listener) = (ann.connect().await, bob.connect().await);
    let body = "& ".repeat(8_000);
    let mut slowest = Duration::ZERO;
    for n in 0..60 {
        let sent = Instant::now();
        sender.done(json!({ "type": "chat.send", "room": room, "client_key": format!("k{n}"), "body": body })).await;
        listener.event("message_sent").await;
        slowest = slowest.max(sent.elapsed());
    }
    assert!(slowest < Duration::from_secs(1), "the slowest message took {slowest:?}");
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
    // The end may be a reset: then what stood in the pipe was cut, which a client treats alike.
    let _ = ended.expect("the connection ends");
    assert!(rest.len() < 60 * 64_000, "not everything was kept for the one who did not read");
    assert!(rest.ends_with(&[0x88, 2, 0x0f, 0xa8]), "the last frame is close 4008; {} bytes were read", rest.len());
    let mut back = deaf_one.connect().await;
    let head = back.hello["heads"][room.to_string()].as_i64().expect("a head");
    back.done(json!({ "type": "sync", "rooms": { room.to_string(): head - 40 } })).await;
    for seq in head - 39..=head {
        assert_eq!(back.event("message_sent").await["seq"], seq, "what was missed is there");
    }
    town.close().await;
}

#[actix_web::test]
async fn what_was_committed_together_and_is_more_than_a_queue_reaches_who_reads() {
    const MESSAGES: usize = 12;
    let town = Town::with(|config| (config.raised_limits, config.workers) = (true, 1)).await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let mut listener = bob.connect().await;
    // The writer is held until all of them wait: then they share one COMMIT, and leave together.
    let db = town.app().ground.db.clone();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let hold = db.write(move |_| Ok(held.recv().is_ok()));
    let body = "& ".repeat(8_000);
    let (ann, body, address) = (&ann, &body, &format!("/api/v1/rooms/{room}/messages"));
    let say = |n: usize| async move { ann.call(Method::POST, address, Some(json!({ "client_key": format!("k{n}"), "body": body }))).await };
    let all_wait = async {
        let started = Instant::now();
        // On PostgreSQL others write meanwhile, and nothing piles up.
        while db.writes_waiting() < MESSAGES && started.elapsed() < Duration::from_secs(2) {
            tokio::task::yield_now().await;
        }
        release.send(()).expect("somebody waits");
    };
    let (answers, (), held) = tokio::join!(futures_util::future::join_all((0..MESSAGES).map(say)), all_wait, hold);
    assert!(held.expect("released"));
    assert!(answers.iter().all(|(status, _)| *status == 201), "{answers:?}");
    for _ in 0..MESSAGES {
        listener.event("message_sent").await;
    }
    town.close().await;
}

#[actix_web::test]
async fn a_reader_who_never_reads_is_cut_off_after_a_while() {
    let town = Town::with(|config| (config.raised_limits, config.workers) = (true, 1)).await;
    let (ann, deaf_one) = (town.member("ann").await, town.member("deaf").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&deaf_one]).await;
    let stream = deaf(&town, &deaf_one).await;
    let mut sender = ann.connect().await;
    assert_eq!(town.app().ground.hub.connections(), 2);
    let body = "& ".repeat(8_000);
    for n in 0..60 {
        sender.done(json!({ "type": "chat.send", "room": room, "client_key": format!("k{n}"), "body": body })).await;
    }
    let started = Instant::now();
    while town.app().ground.hub.connections() > 1 {
        assert!(started.elapsed() < Duration::from_secs(15), "the connection is still kept");
        sender.done(json!({ "type": "ping" })).await;
    }
    drop(stream);
    town.close().await;
}

/// Bytes that the kernel holds of what was sent to this port, as Linux tells them.
fn held_by_the_kernel(to: u16) -> u64 {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("a table of connections");
    let row = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let port = u16::from_str_radix(fields.get(2)?.rsplit(':').next()?, 16).ok()?;
        (port == to).then(|| u64::from_str_radix(fields.get(4)?.split(':').next()?, 16).ok())?
    };
    // None once it was cut off.
    table.lines().find_map(row).unwrap_or(0)
}

#[actix_web::test]
async fn what_somebody_does_not_read_piles_up_in_no_kernel() {
    let town = Town::with(|config| (config.raised_limits, config.workers) = (true, 1)).await;
    let (ann, deaf_one) = (town.member("ann").await, town.member("deaf").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&deaf_one]).await;
    let stream = deaf(&town, &deaf_one).await;
    let port = stream.local_addr().expect("an address").port();
    let mut sender = ann.connect().await;
    let (body, mut most) = ("& ".repeat(8_000), 0);
    // More than the four megabytes that it would take.
    for n in 0..100 {
        sender.done(json!({ "type": "chat.send", "room": room, "client_key": format!("k{n}"), "body": body })).await;
        if town.app().ground.hub.connections() == 1 {
            break;
        }
        most = most.max(held_by_the_kernel(port));
    }
    assert!((500_000..1_600_000).contains(&most), "{most} bytes");
    drop(stream);
    town.close().await;
}
