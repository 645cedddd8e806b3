//! A member on the peer connection of the `webrtc` crate: comes into a call over the documented socket, counts what comes in, and sends the
//! picture and the voice that it gets back as its own, so that whoever sent them sees and hears them again.

use std::io::BufRead;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rialto::calls::probe::browser::{Browser, Header, Kind, Packet, Plan, mid_of};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::client::DEADLINE;
use crate::party;

/// Whoever sees the picture that is sent back may have come after its keyframe.
const REFRESH: Duration = Duration::from_secs(1);

/// `URL ROOM SECONDS`, the token on standard input.
pub fn visit(words: &[String]) -> Result<(), String> {
    let [url, room, seconds] = words else { return Err("usage: prove-calls peer URL ROOM SECONDS".to_owned()) };
    let address: SocketAddr = url.trim_start_matches("http://").parse().map_err(|error| format!("{url}: {error}"))?;
    let seconds: f64 = seconds.parse().map_err(|error| format!("{seconds}: {error}"))?;
    let mut token = String::new();
    std::io::stdin().lock().read_line(&mut token).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(Box::pin(stay(address, room, Duration::from_secs_f64(seconds), token.trim())))
}

async fn stay(address: SocketAddr, room: &str, time: Duration, token: &str) -> Result<(), String> {
    let (sender, mut packets) = mpsc::unbounded_channel();
    let plan = Plan {
        knows: Kind::ALL.to_vec(),
        sends: Kind::ALL.to_vec(),
        slots: [Kind::ALL, Kind::ALL].concat(),
        from: vec!["127.0.0.1:0".to_owned()],
        refresh: Some(REFRESH),
    };
    let keep = Arc::new(move |kind, packet| drop(sender.send((kind, packet))));
    let browser = Box::pin(Browser::new(&plan, keep)).await.map_err(|error| error.to_string())?;
    let begun = Instant::now();
    let sdp = browser.offer().await.map_err(|error| error.to_string())?;
    let (address, room, token) = (address, room.to_owned(), token.to_owned());
    let asking = tokio::task::spawn_blocking(move || enter(address, &room, &token, &sdp));
    let (mut link, call, answer) = asking.await.map_err(|error| error.to_string())??;
    let came = browser.connect(&answer, DEADLINE).await.map_err(|error| error.to_string())?;
    if !came.dtls {
        return Err(format!("media does not connect: {came:?}"));
    }
    let connected_ms = begun.elapsed().as_millis();
    crate::say_line("in");
    let came = Box::pin(echo(&mut packets, &browser, time)).await;
    let leaving = tokio::task::spawn_blocking(move || link.leave(&call));
    leaving.await.map_err(|error| error.to_string())??;
    browser.close().await;
    crate::say(&json!({ "pictures": came[1], "sounds": came[0], "connected_ms": connected_ms }));
    Ok(())
}

/// Into the room's call; the line, the call and the answer.
fn enter(address: SocketAddr, room: &str, token: &str, sdp: &str) -> Result<(party::Link, String, String), String> {
    let mut link = party::Lines::open().link(address, token)?;
    let call = link.call_of(room, "peer")?;
    link.done(json!({ "type": "call.join", "call": call }))?;
    let tracks: Vec<_> = Kind::ALL
        .iter()
        .map(|kind| Ok(json!({ "mid": mid_of(sdp, *kind).ok_or("a track without a mid")?, "source": kind.source() })))
        .collect::<Result<_, String>>()?;
    link.done(json!({ "type": "pc.offer", "call": call, "gen": 1, "sdp": sdp, "tracks": tracks }))?;
    let answer = link.next(|frame| frame["type"] == "pc.answer")?;
    Ok((link, call, answer["sdp"].as_str().unwrap_or_default().to_owned()))
}

/// Sends back what comes; packets of sound, and pictures, which end with a marker.
async fn echo(packets: &mut mpsc::UnboundedReceiver<(Kind, Packet)>, browser: &Browser, time: Duration) -> [u64; 2] {
    let mut came = [0; 2];
    let end = Instant::now() + time;
    while let Ok(Some((kind, packet))) = tokio::time::timeout_at(end, packets.recv()).await {
        let Header { sequence_number, timestamp, marker, .. } = packet.header;
        came[kind as usize] += u64::from(kind == Kind::Sound || marker);
        browser.send(kind, Header { sequence_number, timestamp, marker, ..Header::default() }, packet.payload).await;
    }
    came
}
