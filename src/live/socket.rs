//! A live connection over WebSocket: the handshake and the incoming side are actix_ws's, the outgoing side is our own body.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use actix_web::body::{BodyStream, BoxBody, MessageBody};
use actix_web::http::Method;
use actix_web::http::header::{HeaderValue, TRANSFER_ENCODING, UPGRADE};
use actix_web::{HttpRequest, HttpResponse, rt, web};
use actix_ws::{CloseReason, Message, MessageStream, ProtocolError};
use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use futures_util::{Stream, StreamExt};

use super::dialogue::{Dialogue, push_notice};
use super::frames::{self, CloseCode};
use super::hub::{ConnectionLimits, LocalHub};
use super::line::Line;
use super::log::{LogId, Logged, Seq};
use super::queue::Class;
use super::shard::{Connection, Replay, Socket};
use super::source::{Caller, Page};
use crate::error::{Error, Result};
use crate::mutants::Mutant;

/// Most bytes of a frame from a client.
pub const FRAME_BYTES: usize = 64 * 1024;
/// Most bytes of a frame of the few types that may be long.
pub const LONG_FRAME_BYTES: usize = 256 * 1024;
/// Events read at once for a replay.
const REPLAY_EVENTS: i64 = 500;
/// Bytes written at once for a replay; one event always fits.
const REPLAY_BYTES: usize = 64 * 1024;

/// The file descriptor of a connection, noted when it was accepted: a client that does not read can only be ended through it.
#[derive(Clone, Copy, Debug)]
pub struct Descriptor(pub i32);

/// Ends a socket in both directions. The connection is still in a shard, so the descriptor is still its own.
pub(super) fn shut(descriptor: i32) {
    let _ = nix::sys::socket::shutdown(descriptor, nix::sys::socket::Shutdown::Both);
}

/// Does a request ask for a WebSocket, and for nothing else? A body of its own, another protocol beside it, or an answer without a body
/// would leave the framework framing what is to go out as it is.
#[must_use]
pub fn is_handshake(request: &HttpRequest) -> bool {
    let mut upgrades = request.headers().get_all(UPGRADE);
    let is_one = |value: &HeaderValue| value.to_str().is_ok_and(|value| value.trim().eq_ignore_ascii_case("websocket"));
    upgrades.next().is_some_and(is_one)
        && upgrades.next().is_none()
        && request.method() == Method::GET
        && !request.headers().contains_key(TRANSFER_ENCODING)
}

/// Answers a WebSocket handshake and keeps the connection, within these limits. What is no handshake counts against none of them.
///
/// # Errors
/// When the request is no WebSocket handshake; 429 `live.too_many_connections`; 503 `live.too_many_handshakes`.
pub fn open(
    request: &HttpRequest,
    payload: web::Payload,
    caller: Caller,
    local: &LocalHub,
    limits: ConnectionLimits,
) -> Result<HttpResponse> {
    let (response, _session, stream) = actix_ws::handle(request, payload).map_err(|_| Error::invalid("", "live.handshake"))?;
    local.hub.came(caller.member, Instant::now(), limits)?;
    let caller = Caller { connection: local.hub.next_connection(), ..caller };
    let descriptor = request.conn_data::<Descriptor>().map(|descriptor| descriptor.0);
    let line = request.conn_data::<Line>().cloned().unwrap_or_default();
    let connection = local.shard.borrow_mut().connect(caller, Socket { descriptor, line }, Instant::now());
    let outgoing = Rc::clone(&connection);
    let keep = local.clone();
    rt::spawn(listen(stream.max_frame_size(LONG_FRAME_BYTES), connection, local.clone()));
    Ok(response.map_body(move |_, theirs| {
        BodyStream::new(Outgoing { local: keep, connection: outgoing, _theirs: theirs, page: None, is_begun: false }).boxed()
    }))
}

async fn listen(mut stream: MessageStream, connection: Rc<Connection>, local: LocalHub) {
    let mut dialogue = Dialogue::new(Rc::clone(&connection), local);
    if let Err(error) = dialogue.greet().await {
        tracing::warn!(%error, "a connection could not be greeted");
        connection.close(CloseCode::GoingAway, true);
        return;
    }
    while let Some(message) = stream.next().await {
        connection.heard(Instant::now());
        if connection.queue.borrow().is_closing() {
            break;
        }
        match message {
            Ok(Message::Text(text)) => dialogue.hear(&text).await,
            Ok(Message::Binary(_) | Message::Continuation(_)) => dialogue.malformed(None),
            Ok(Message::Ping(payload)) => {
                connection.push(&frames::pong(&payload), Class::Answer);
            }
            Ok(Message::Pong(_) | Message::Nop) => {}
            Ok(Message::Close(reason)) => {
                tracing::debug!(code = ?reason.map(|CloseReason { code, .. }| code), "a client closed");
                break;
            }
            Err(ProtocolError::Overflow) => {
                dialogue.end(CloseCode::TooLarge);
                return;
            }
            Err(error) => {
                tracing::debug!(%error, "a client broke the protocol");
                break;
            }
        }
    }
    dialogue.end(CloseCode::Normal);
}

/// What the dispatcher writes to the client: whatever is queued and could not be written past it, joined into one write; while nothing is,
/// pages of a replay.
struct Outgoing {
    local: LocalHub,
    connection: Rc<Connection>,
    /// Dropping it would end the incoming side.
    _theirs: BoxBody,
    page: Option<(Replay, BoxFuture<'static, Result<Page>>)>,
    /// Was it asked before? The first time the dispatcher holds the answer to the handshake.
    is_begun: bool,
}

impl Stream for Outgoing {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !std::mem::replace(&mut self.is_begun, true) {
            self.connection.line.hold();
        }
        loop {
            {
                let mut queue = self.connection.queue.borrow_mut();
                if let Some(bytes) = queue.take() {
                    self.connection.line.hold();
                    return Poll::Ready(Some(Ok(bytes)));
                }
                if queue.is_closing() {
                    return Poll::Ready(None);
                }
                queue.wait(cx.waker());
            }
            if self.page.is_none() {
                let Some(replay) = self.connection.replays.borrow().front().copied() else { return Poll::Pending };
                let after = replay.after + Seq::from(Mutant::ResumeOffByOne.is_on());
                let reader = Some(self.connection.caller.member);
                self.page = Some((replay, self.local.source.page(replay.log, reader, after, REPLAY_EVENTS)));
            }
            let Some((replay, page)) = self.page.as_mut() else { return Poll::Pending };
            let (replay, result) = (*replay, std::task::ready!(page.as_mut().poll(cx)));
            self.page = None;
            match result {
                Ok(Page::Reset) => self.end_replay(replay, "reset"),
                Ok(Page::Gone) => self.end_replay(replay, "gone"),
                Ok(Page::Events(events)) => {
                    if let Some(bytes) = self.write_page(replay, &events) {
                        self.connection.line.hold();
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a replay could not be read");
                    self.connection.close(CloseCode::GoingAway, true);
                }
            }
        }
    }
}

impl Outgoing {
    /// The reader hears this log no longer, or not from there: nothing more of it is read, and the client is told.
    fn end_replay(&self, replay: Replay, kind: &'static str) {
        self.local.shard.borrow_mut().end_replay(&self.connection, replay.log);
        push_notice(&self.connection, kind, &replay.log.name());
    }

    /// Frames a page; `None` when there was nothing to write, or the client has asked for something else meanwhile.
    fn write_page(&self, replay: Replay, events: &[Logged]) -> Option<Bytes> {
        if self.connection.replays.borrow().front() != Some(&replay) {
            return None;
        }
        let mut bytes = BytesMut::new();
        let (mut after, mut count): (Seq, u64) = (replay.after, 0);
        for event in events {
            let frame = frames::event_for(event, self.connection.caller.member);
            if !bytes.is_empty() && bytes.len() + frame.len() > REPLAY_BYTES {
                break;
            }
            bytes.extend_from_slice(&frame);
            (after, count) = (event.seq, count + 1);
        }
        let is_last = count == events.len() as u64 && count < REPLAY_EVENTS.unsigned_abs();
        self.connection.queue.borrow_mut().count_replayed(count);
        self.local.shard.borrow_mut().replayed(&self.connection, replay.log, after, is_last);
        (!bytes.is_empty()).then(|| bytes.freeze())
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        // Whatever follows on the same stream is not ours.
        self.connection.line.release();
        self.local.shard.borrow_mut().disconnect(&self.connection);
        self.local.hub.left(self.connection.caller.member);
        self.local.commands.left(self.connection.caller);
    }
}

/// Is this log the member's own or a room?
pub(super) fn log_of(name: &str, caller: Caller) -> Option<LogId> {
    if name == "me" { Some(LogId::Member(caller.member)) } else { name.parse().ok().map(LogId::Room) }
}
