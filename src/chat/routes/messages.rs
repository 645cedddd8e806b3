//! What is done with messages: sent, changed, deleted, reacted to, pinned, read.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::OpenApi;

use crate::access::{Allow, Body, Ground, PathId, Permit, RateClass, Routes, Target, Visitor};
use crate::automod::Automod;
use crate::billing::Billing;
use crate::chat::actions::{self, Draft, Reaching, Watch};
use crate::chat::policy::{BeIn, ChangeMessage, PinMessage, PostIn, ReactTo, RemoveMessage, SayIn, calls_of};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MessageId, RoomId};
use crate::live::Seq;
use crate::members::Members;
use crate::storage::Conn;

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(send, edit, delete, add_reaction, remove_reaction, pin, unpin, mark_read))]
pub struct Api;

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .post("/api/v1/rooms/{room}/messages", send)
        .patch("/api/v1/rooms/{room}/messages/{message}", edit)
        .delete("/api/v1/rooms/{room}/messages/{message}", delete)
        .put("/api/v1/rooms/{room}/messages/{message}/reactions/{emoji}", add_reaction)
        .delete("/api/v1/rooms/{room}/messages/{message}/reactions/{emoji}", remove_reaction)
        .put("/api/v1/rooms/{room}/messages/{message}/pin", pin)
        .delete("/api/v1/rooms/{room}/messages/{message}/pin", unpin)
        .post("/api/v1/rooms/{room}/read", mark_read);
}

#[derive(Clone, Deserialize, utoipa::ToSchema)]
struct NewMessage {
    /// Markdown.
    body: String,
    /// My key for it, 1–64 characters: sending it again changes nothing.
    client_key: String,
    /// The message it answers.
    #[serde(default)]
    reply_to: Option<MessageId>,
    /// The first message of the thread it belongs to.
    #[serde(default)]
    thread: Option<MessageId>,
}

/// What a sender is told.
#[derive(Serialize, utoipa::ToSchema)]
struct SentMessage {
    /// Its id.
    id: MessageId,
    /// Its place in the room's log.
    seq: Seq,
    /// When.
    at: Millis,
}

#[utoipa::path(post, path = "/api/v1/rooms/{room}/messages", params(("room" = RoomId, Path)), request_body = NewMessage, responses((status = 201, body = SentMessage)))]
async fn send(
    gate: Allow<SayIn>,
    body: Body<NewMessage>,
    billing: Data<Billing>,
    automod: Data<Automod>,
    members: Data<Members>,
) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    let new = body.value;
    let draft = Draft::parse(&new.client_key, &new.body, new.reply_to, new.thread, ground.settings.get().message_bytes)?;
    let prepared = prepare(&ground, gate.visitor(), gate.target(), &draft.body).await?;
    let watch = Watch::of(&automod, &members);
    let sent = gate
        .write(move |tx, may, actor| {
            let member = actor.signed_in()?;
            if let Some(sent) = actions::sent_before(tx, member, may.room(), &draft)? {
                return Ok(Ok(sent));
            }
            ground.rates.count(RateClass::Send, u128::from(member.0.unsigned_abs()))?;
            ground.rates.count(RateClass::SendRoom, u128::from(may.room().0.unsigned_abs()))?;
            let post = PostIn::check(tx, actor, may.room())?;
            actions::send_message(tx, &post, &draft, &prepared, &ground.hub, (&Reaching::of(&ground, &billing), &watch))
        })
        .await??;
    Ok(HttpResponse::Created().json(SentMessage { id: sent.id, seq: sent.seq, at: sent.at }))
}

async fn prepare(ground: &Data<Ground>, visitor: &Visitor, room: RoomId, text: &str) -> Result<actions::Prepared> {
    if actions::renders_here(text) {
        return Ok(actions::render_here(text));
    }
    let (text, visitor, inner) = (text.to_owned(), visitor.clone(), ground.clone().into_inner());
    let render = move |conn: &mut Conn| {
        let actor = inner.authenticator.actor(conn, &visitor, inner.clock.now())?;
        let calls = calls_of(conn, &actor, room, inner.settings.get().show_presence);
        actions::render_with_names(conn, &text, calls)
    };
    ground.db.read(render).await
}

#[derive(Deserialize, utoipa::ToSchema)]
struct Edit {
    /// Markdown.
    body: String,
}

/// Where an act stands in the room's log.
#[derive(Serialize, utoipa::ToSchema)]
struct Place {
    /// Its place.
    seq: Seq,
}

fn place(seq: Seq) -> HttpResponse {
    HttpResponse::Ok().json(Place { seq })
}

#[utoipa::path(patch, path = "/api/v1/rooms/{room}/messages/{message}", params(("room" = RoomId, Path), ("message" = MessageId, Path)), request_body = Edit, responses((status = 200, body = Place)))]
async fn edit(
    gate: Allow<ChangeMessage>,
    body: Body<Edit>,
    billing: Data<Billing>,
    automod: Data<Automod>,
    members: Data<Members>,
) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    let text = crate::text::clean_body(&body.value.body, ground.settings.get().message_bytes)?;
    let prepared = prepare(&ground, gate.visitor(), gate.target().0, &text).await?;
    let (reaching, watch) = (Reaching::of(&ground, &billing), Watch::of(&automod, &members));
    let seq = gate.write(move |tx, may, _| actions::edit_message(tx, may, &text, &prepared, &reaching, &watch)).await??;
    Ok(place(seq))
}

#[utoipa::path(delete, path = "/api/v1/rooms/{room}/messages/{message}", params(("room" = RoomId, Path), ("message" = MessageId, Path)), responses((status = 200, body = Place)))]
async fn delete(gate: Allow<RemoveMessage>) -> Result<HttpResponse> {
    Ok(place(gate.write(|tx, may, _| actions::delete_message(tx, may)).await?))
}

/// An emoji in the path.
#[derive(Debug)]
struct InPath(String);

impl std::str::FromStr for InPath {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        if text.len() <= 64 { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

impl PathId for InPath {
    const NAME: &'static str = "emoji";
}

impl actix_web::FromRequest for InPath {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &actix_web::HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        std::future::ready(<Self as Target>::from_path(request))
    }
}

#[utoipa::path(put, path = "/api/v1/rooms/{room}/messages/{message}/reactions/{emoji}", params(("room" = RoomId, Path), ("message" = MessageId, Path), ("emoji" = String, Path)), responses((status = 200, body = Place)))]
async fn add_reaction(gate: Allow<ReactTo>, emoji: InPath) -> Result<HttpResponse> {
    Ok(place(gate.write(move |tx, may, _| actions::react(tx, may, &emoji.0, true)).await?))
}

#[utoipa::path(delete, path = "/api/v1/rooms/{room}/messages/{message}/reactions/{emoji}", params(("room" = RoomId, Path), ("message" = MessageId, Path), ("emoji" = String, Path)), responses((status = 200, body = Place)))]
async fn remove_reaction(gate: Allow<ReactTo>, emoji: InPath) -> Result<HttpResponse> {
    Ok(place(gate.write(move |tx, may, _| actions::react(tx, may, &emoji.0, false)).await?))
}

#[utoipa::path(put, path = "/api/v1/rooms/{room}/messages/{message}/pin", params(("room" = RoomId, Path), ("message" = MessageId, Path)), responses((status = 200, body = Place)))]
async fn pin(gate: Allow<PinMessage>) -> Result<HttpResponse> {
    Ok(place(gate.write(|tx, may, _| actions::pin_message(tx, may, true)).await?))
}

#[utoipa::path(delete, path = "/api/v1/rooms/{room}/messages/{message}/pin", params(("room" = RoomId, Path), ("message" = MessageId, Path)), responses((status = 200, body = Place)))]
async fn unpin(gate: Allow<PinMessage>) -> Result<HttpResponse> {
    Ok(place(gate.write(|tx, may, _| actions::pin_message(tx, may, false)).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct ReadTo {
    /// The place up to which I have read.
    seq: Seq,
    /// In this thread rather than the main timeline.
    #[serde(default)]
    thread: Option<MessageId>,
    /// Move the mark back on purpose.
    #[serde(default)]
    unread: bool,
}

#[utoipa::path(post, path = "/api/v1/rooms/{room}/read", params(("room" = RoomId, Path)), request_body = ReadTo, responses((status = 204)))]
async fn mark_read(gate: Allow<BeIn>, body: Body<ReadTo>) -> Result<HttpResponse> {
    let ReadTo { seq, thread, unread } = body.value;
    gate.write(move |tx, may, _| actions::mark_read(tx, may, thread, seq, unread)).await?;
    Ok(HttpResponse::NoContent().finish())
}
