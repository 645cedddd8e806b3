//! The API of rooms and messages: URL, gate, action, JSON. No decisions.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::OpenApi;

use super::actions::{self, Draft, NewRoom, RoomChange, RoomLimits};
use super::model::{Level, Message, Room, RoomRole};
use super::policy::{
    AddToRoom, BeIn, ChangeMessage, ChangeRoom, LeadRoom, MakeRoom, OverseeRooms, PinMessage, PostIn, ReactTo, ReadMessage, ReadRoom,
    RemoveFromRoom, RemoveMessage, SayIn, SeeOwnRooms, calls_of,
};
use super::source::events_after;
use super::store::{self, Window};
use crate::access::{Allow, Body, Ground, PathId, Query, RateClass, Routes, Visitor};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MemberId, MessageId, RoomId};
use crate::live::{LogId, Seq};
use crate::members::{self, Profile};
use crate::storage::{Conn, epoch, head};

/// Most items of one page.
const PAGE: i64 = 100;
/// Items of a page when nothing is said.
const PAGE_DEFAULT: i64 = 50;

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(
    list_rooms,
    create,
    show,
    change,
    add,
    remove,
    set_role,
    list_members,
    set_own,
    send,
    list_messages,
    show_message,
    edit,
    delete,
    add_reaction,
    remove_reaction,
    pin,
    unpin,
    list_pins,
    mark_read,
    list_events,
    oversee
))]
pub struct Api;

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/api/v1/rooms", list_rooms)
        .post("/api/v1/rooms", create)
        .get("/api/v1/rooms/{room}", show)
        .patch("/api/v1/rooms/{room}", change)
        .get("/api/v1/rooms/{room}/members", list_members)
        .put("/api/v1/rooms/{room}/members/{member}", add)
        .delete("/api/v1/rooms/{room}/members/{member}", remove)
        .put("/api/v1/rooms/{room}/members/{member}/role", set_role)
        .put("/api/v1/rooms/{room}/own", set_own)
        .post("/api/v1/rooms/{room}/messages", send)
        .get("/api/v1/rooms/{room}/messages", list_messages)
        .get("/api/v1/rooms/{room}/messages/{message}", show_message)
        .patch("/api/v1/rooms/{room}/messages/{message}", edit)
        .delete("/api/v1/rooms/{room}/messages/{message}", delete)
        .put("/api/v1/rooms/{room}/messages/{message}/reactions/{emoji}", add_reaction)
        .delete("/api/v1/rooms/{room}/messages/{message}/reactions/{emoji}", remove_reaction)
        .put("/api/v1/rooms/{room}/messages/{message}/pin", pin)
        .delete("/api/v1/rooms/{room}/messages/{message}/pin", unpin)
        .get("/api/v1/rooms/{room}/pins", list_pins)
        .post("/api/v1/rooms/{room}/read", mark_read)
        .get("/api/v1/rooms/{room}/events", list_events)
        .get("/api/v1/admin/rooms", oversee);
}

/// A page of anything.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next one begins, if there is one.
    pub next: Option<String>,
}

fn limit(asked: Option<i64>) -> Result<i64> {
    match asked {
        None => Ok(PAGE_DEFAULT),
        Some(n) if (1..=PAGE).contains(&n) => Ok(n),
        Some(_) => Err(Error::invalid("limit", "error.limit")),
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
struct ListRooms {
    /// Open rooms that one may join, instead of one's own.
    browse: Option<bool>,
    /// Part of a name.
    q: Option<String>,
    /// Where the page begins.
    after: Option<String>,
    /// 1–100.
    limit: Option<i64>,
}

#[utoipa::path(get, path = "/api/v1/rooms", params(ListRooms), responses((status = 200, body = Page<Room>)))]
async fn list_rooms(gate: Allow<SeeOwnRooms>, query: Query<ListRooms>) -> Result<HttpResponse> {
    let asked = query.0;
    let limit = limit(asked.limit)?;
    let page = gate
        .read(move |conn, may, _| {
            if !asked.browse.unwrap_or(false) {
                return Ok(Page { items: actions::rooms_of_mine(conn, may.member())?, next: None });
            }
            let contains = crate::text::name_key(asked.q.as_deref().unwrap_or(""));
            let rows = store::open_rooms(conn, &contains, asked.after.as_deref(), limit + 1)?;
            let next = (rows.len() as i64 > limit).then(|| rows[limit as usize - 1].0.clone());
            let rows = rows.into_iter().take(limit as usize);
            let items = rows.map(|(_, row)| actions::room_for(conn, row, may.member())).collect::<Result<_>>()?;
            Ok(Page { items, next })
        })
        .await?;
    Ok(HttpResponse::Ok().json(page))
}

#[utoipa::path(post, path = "/api/v1/rooms", request_body = NewRoom, responses((status = 201, body = Room)))]
async fn create(gate: Allow<MakeRoom>, body: Body<NewRoom>) -> Result<HttpResponse> {
    let ground = gate.ground();
    let settings = ground.settings.get();
    let per_day = if ground.config.raised_limits { usize::MAX } else { settings.rooms_per_day };
    let limits = RoomLimits { group_members: settings.group_members, per_day };
    gate.create(body, move |tx, may, _, wish| {
        let room = actions::make_room(tx, may, &wish, limits)?;
        let row = store::room(tx, room)?.ok_or(Error::NotFound)?;
        actions::room_for(tx, row, may.member())
    })
    .await
}

#[utoipa::path(get, path = "/api/v1/rooms/{room}", params(("room" = RoomId, Path)), responses((status = 200, body = Room)))]
async fn show(gate: Allow<ReadRoom>) -> Result<HttpResponse> {
    let room = gate.read(|conn, may, _| actions::room_for(conn, may.row().clone(), may.member())).await?;
    Ok(HttpResponse::Ok().json(room))
}

#[utoipa::path(patch, path = "/api/v1/rooms/{room}", params(("room" = RoomId, Path)), request_body = RoomChange, responses((status = 200, body = Room)))]
async fn change(gate: Allow<ChangeRoom>, body: Body<RoomChange>) -> Result<HttpResponse> {
    let room = gate
        .write(move |tx, may, _| {
            actions::change_room(tx, may, &body.value)?;
            let row = store::room(tx, may.row().id)?.ok_or(Error::NotFound)?;
            actions::room_for(tx, row, may.member())
        })
        .await?;
    Ok(HttpResponse::Ok().json(room))
}

#[utoipa::path(put, path = "/api/v1/rooms/{room}/members/{member}", params(("room" = RoomId, Path), ("member" = MemberId, Path)), responses((status = 200, body = Room)))]
async fn add(gate: Allow<AddToRoom>) -> Result<HttpResponse> {
    let limit = gate.ground().settings.get().group_members;
    let room = gate
        .write(move |tx, may, _| {
            actions::add_member(tx, may, limit)?;
            let row = store::room(tx, may.row().id)?.ok_or(Error::NotFound)?;
            actions::room_for(tx, row, may.actor())
        })
        .await?;
    Ok(HttpResponse::Ok().json(room))
}

#[utoipa::path(delete, path = "/api/v1/rooms/{room}/members/{member}", params(("room" = RoomId, Path), ("member" = MemberId, Path)), responses((status = 204)))]
async fn remove(gate: Allow<RemoveFromRoom>) -> Result<HttpResponse> {
    gate.write(|tx, may, _| actions::remove_member(tx, may)).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize, utoipa::ToSchema)]
struct RoleInRoom {
    /// The role.
    role: RoomRole,
}

#[utoipa::path(put, path = "/api/v1/rooms/{room}/members/{member}/role", params(("room" = RoomId, Path), ("member" = MemberId, Path)), request_body = RoleInRoom, responses((status = 204)))]
async fn set_role(gate: Allow<LeadRoom>, body: Body<RoleInRoom>) -> Result<HttpResponse> {
    gate.write(move |tx, may, _| actions::set_room_role(tx, may, body.value.role)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Somebody in a room.
#[derive(Serialize, utoipa::ToSchema)]
struct InRoom {
    /// Who.
    member: Profile,
    /// Their role there.
    role: RoomRole,
    /// When they came.
    joined_at: Millis,
}

#[derive(Deserialize, utoipa::IntoParams)]
struct ListMembers {
    /// Where the page begins.
    after: Option<MemberId>,
    /// 1–100.
    limit: Option<i64>,
}

#[utoipa::path(get, path = "/api/v1/rooms/{room}/members", params(("room" = RoomId, Path), ListMembers), responses((status = 200, body = Page<InRoom>)))]
async fn list_members(gate: Allow<ReadRoom>, query: Query<ListMembers>) -> Result<HttpResponse> {
    let limit = limit(query.0.limit)?;
    let page = gate
        .read(move |conn, may, actor| {
            let places = store::places_in(conn, may.room(), query.0.after, limit + 1)?;
            let next = (places.len() as i64 > limit).then(|| places[limit as usize - 1].member.to_string());
            let ids: Vec<MemberId> = places.iter().take(limit as usize).map(|place| place.member).collect();
            let mut people = members::profiles(conn, &ids, actor.now)?;
            let mut items = Vec::with_capacity(ids.len());
            for place in places.into_iter().take(limit as usize) {
                if let Some(at) = people.iter().position(|person| person.id == place.member) {
                    let role = RoomRole::from_number(place.role)?;
                    items.push(InRoom { member: people.swap_remove(at), role, joined_at: place.joined_at });
                }
            }
            Ok(Page { items, next })
        })
        .await?;
    Ok(HttpResponse::Ok().json(page))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct OwnChoice {
    /// What of the room is brought to my notice.
    level: Level,
}

#[utoipa::path(put, path = "/api/v1/rooms/{room}/own", params(("room" = RoomId, Path)), request_body = OwnChoice, responses((status = 204)))]
async fn set_own(gate: Allow<BeIn>, body: Body<OwnChoice>) -> Result<HttpResponse> {
    gate.write(move |tx, may, _| actions::set_level(tx, may, body.value.level)).await?;
    Ok(HttpResponse::NoContent().finish())
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
async fn send(gate: Allow<SayIn>, body: Body<NewMessage>) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    let new = body.value;
    let draft = Draft::parse(&new.client_key, &new.body, new.reply_to, new.thread, ground.settings.get().message_bytes)?;
    let prepared = prepare(&ground, gate.visitor(), gate.target(), &draft.body).await?;
    let sent = gate
        .write(move |tx, may, actor| {
            let member = actor.signed_in()?;
            if let Some(sent) = actions::sent_before(tx, member, may.room(), &draft)? {
                return Ok(sent);
            }
            ground.rates.count(RateClass::Send, u128::from(member.0.unsigned_abs()))?;
            ground.rates.count(RateClass::SendRoom, u128::from(may.room().0.unsigned_abs()))?;
            let post = <PostIn as crate::access::Permit>::check(tx, actor, may.room())?;
            actions::send_message(tx, &post, &draft, &prepared, &ground.hub)
        })
        .await?;
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

#[derive(Deserialize, utoipa::IntoParams)]
struct ListMessages {
    /// Those before this place.
    before: Option<Seq>,
    /// Those after this place.
    after: Option<Seq>,
    /// Those around this place.
    around: Option<Seq>,
    /// Those around this time, milliseconds.
    at: Option<Millis>,
    /// The answers in this thread.
    thread: Option<MessageId>,
    /// 1–100.
    limit: Option<i64>,
}

/// A page of messages, newest first.
#[derive(Serialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MessagePage {
    /// The room's head when the page was read.
    pub seq: Seq,
    /// The lineage of the database.
    pub epoch: String,
    /// Newest first.
    pub items: Vec<Message>,
    /// Who wrote them, and who is quoted.
    pub members: Vec<Profile>,
    /// Use as `before` for older ones; null at the beginning.
    pub next: Option<String>,
    /// Use as `after` for newer ones; null at the end.
    pub prev: Option<String>,
}

#[utoipa::path(get, path = "/api/v1/rooms/{room}/messages", params(("room" = RoomId, Path), ListMessages), responses((status = 200, body = MessagePage)))]
async fn list_messages(gate: Allow<ReadRoom>, query: Query<ListMessages>) -> Result<HttpResponse> {
    let asked = query.0;
    let limit = limit(asked.limit)?;
    let page = gate.read(move |conn, may, actor| message_page(conn, may, &asked, limit, actor.now)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// The newest page of a room, for the shell.
///
/// # Errors
/// When the database cannot be read.
pub(super) fn newest_page(conn: &mut Conn, may: &ReadRoom, around: Option<Seq>, now: Millis) -> Result<MessagePage> {
    let asked = ListMessages { before: None, after: None, around, at: None, thread: None, limit: None };
    message_page(conn, may, &asked, PAGE_DEFAULT, now)
}

fn message_page(conn: &mut Conn, may: &ReadRoom, asked: &ListMessages, limit: i64, now: Millis) -> Result<MessagePage> {
    let (room, floor, thread) = (may.room(), may.floor(), asked.thread);
    let around = match (asked.around, asked.at) {
        (Some(seq), _) => Some(seq),
        (None, Some(at)) => store::seq_at(conn, room, at)?,
        (None, None) => None,
    };
    let fetch = |conn: &mut Conn, window, count| store::page(conn, room, floor, thread, window, count);
    let (mut rows, older, newer);
    if let Some(seq) = around {
        let half = (limit / 2).max(1);
        let mut after = fetch(conn, Window::After(seq.saturating_sub(1)), half + 1)?;
        newer = after.len() as i64 > half;
        if newer {
            after.remove(0);
        }
        let mut before = fetch(conn, Window::Before(seq), half + 1)?;
        older = before.len() as i64 > half;
        before.truncate(half as usize);
        after.extend(before);
        rows = after;
    } else if let Some(seq) = asked.after {
        rows = fetch(conn, Window::After(seq), limit + 1)?;
        newer = rows.len() as i64 > limit;
        if newer {
            rows.remove(0);
        }
        older = seq > floor;
    } else {
        let window = asked.before.map_or(Window::Newest, Window::Before);
        rows = fetch(conn, window, limit + 1)?;
        older = rows.len() as i64 > limit;
        rows.truncate(limit as usize);
        newer = asked.before.is_some();
    }
    let edge = |row: Option<&super::model::MessageRow>, exists: bool| row.filter(|_| exists).map(|row| row.seq.to_string());
    let next = edge(rows.last(), older);
    let prev = edge(rows.first(), newer);
    let items = actions::message_objects(conn, rows)?;
    let mut people: Vec<MemberId> = items.iter().map(|item| item.body.author).collect();
    people.extend(items.iter().filter_map(|item| item.body.reply_to.as_ref().map(|quote| quote.author)));
    people.extend(items.iter().flat_map(|item| item.body.mentions.members.iter().copied()));
    people.sort_unstable();
    people.dedup();
    let seq = head(conn, LogId::Room(room))?.map_or(0, |head| head.seq);
    Ok(MessagePage { seq, epoch: epoch(conn)?, members: members::profiles(conn, &people, now)?, items, next, prev })
}

#[utoipa::path(get, path = "/api/v1/rooms/{room}/messages/{message}", params(("room" = RoomId, Path), ("message" = MessageId, Path)), responses((status = 200, body = Message)))]
async fn show_message(gate: Allow<ReadMessage>) -> Result<HttpResponse> {
    let message = gate.read(|conn, may, _| one(actions::message_objects(conn, vec![may.message().clone()])?)).await?;
    Ok(HttpResponse::Ok().json(message))
}

fn one(mut all: Vec<Message>) -> Result<Message> {
    all.pop().ok_or(Error::NotFound)
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
async fn edit(gate: Allow<ChangeMessage>, body: Body<Edit>) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    let text = crate::text::clean_body(&body.value.body, ground.settings.get().message_bytes)?;
    let prepared = prepare(&ground, gate.visitor(), gate.target().0, &text).await?;
    let seq = gate.write(move |tx, may, _| actions::edit_message(tx, may, &text, &prepared)).await?;
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
        std::future::ready(<Self as crate::access::Target>::from_path(request))
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

#[utoipa::path(get, path = "/api/v1/rooms/{room}/pins", params(("room" = RoomId, Path)), responses((status = 200, body = Page<Message>)))]
async fn list_pins(gate: Allow<ReadRoom>) -> Result<HttpResponse> {
    let items = gate
        .read(|conn, may, _| {
            let rows = store::pinned(conn, may.room(), may.floor())?;
            actions::message_objects(conn, rows)
        })
        .await?;
    Ok(HttpResponse::Ok().json(Page { items, next: None }))
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

#[derive(Deserialize, utoipa::IntoParams)]
struct ListEvents {
    /// Those above this place.
    after: Option<Seq>,
}

/// Most events of one answer.
const EVENTS: i64 = 500;

#[utoipa::path(get, path = "/api/v1/rooms/{room}/events", params(("room" = RoomId, Path), ListEvents), responses((status = 200, body = serde_json::Value)))]
async fn list_events(gate: Allow<ReadRoom>, query: Query<ListEvents>) -> Result<HttpResponse> {
    let after = query.0.after.unwrap_or(0);
    let (seq, events) = gate
        .read(move |conn, may, _| {
            let seq = head(conn, LogId::Room(may.room()))?.map_or(0, |head| head.seq);
            Ok((seq, events_after(conn, may.room(), after.max(may.floor()), EVENTS)?))
        })
        .await?;
    Ok(HttpResponse::Ok().content_type("application/json").body(event_list(seq, &events, EVENTS)))
}

/// Events of a log as a list of the API.
#[must_use]
pub(crate) fn event_list(seq: Seq, events: &[super::source::Rendered], limit: i64) -> String {
    let items: Vec<String> = events.iter().map(|(seq, at, event)| format!(r#"{{"seq":{seq},"at":{at},"event":{event}}}"#)).collect();
    let next = match events.last() {
        Some((last, _, _)) if events.len() as i64 == limit => format!("\"{last}\""),
        _ => "null".to_owned(),
    };
    format!(r#"{{"items":[{}],"seq":{seq},"next":{next}}}"#, items.join(","))
}

#[derive(Deserialize, utoipa::IntoParams)]
struct Oversee {
    /// Part of a name.
    q: Option<String>,
    /// Those made before this one.
    before: Option<RoomId>,
    /// 1–100.
    limit: Option<i64>,
}

#[utoipa::path(get, path = "/api/v1/admin/rooms", params(Oversee), responses((status = 200, body = Page<Room>)))]
async fn oversee(gate: Allow<OverseeRooms>, query: Query<Oversee>) -> Result<HttpResponse> {
    let limit = limit(query.0.limit)?;
    let page = gate.read(move |conn, may, _| overseen(conn, may, query.0.q.as_deref().unwrap_or(""), query.0.before, limit)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Rooms for administrators.
pub(super) fn overseen(conn: &mut Conn, _: &OverseeRooms, q: &str, before: Option<RoomId>, limit: i64) -> Result<Page<Room>> {
    let rows = store::all_rooms(conn, &crate::text::name_key(q), before, limit + 1)?;
    let next = (rows.len() as i64 > limit).then(|| rows[limit as usize - 1].id.to_string());
    let items = rows.into_iter().take(limit as usize).map(actions::room_object).collect::<Result<_>>()?;
    Ok(Page { items, next })
}
