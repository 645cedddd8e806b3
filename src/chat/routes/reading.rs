//! What is read of a room: pages of messages, one of them, those that are pinned, and its log.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::OpenApi;

use super::{PAGE_DEFAULT, Page, limit};
use crate::access::{Actor, Allow, Permit, Query, Routes};
use crate::chat::actions;
use crate::chat::model::{Message, MessageRow};
use crate::chat::policy::{ReadMessage, ReadRoom};
use crate::chat::source::{Rendered, events_after};
use crate::chat::store::{self, Eyes, Window};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MemberId, MessageId, RoomId};
use crate::live::{LogId, Seq};
use crate::members::{self, Profile};
use crate::storage::{Conn, epoch, head};

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(list_messages, show_message, list_pins, list_events))]
pub struct Api;

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/api/v1/rooms/{room}/messages", list_messages)
        .get("/api/v1/rooms/{room}/messages/{message}", show_message)
        .get("/api/v1/rooms/{room}/pins", list_pins)
        .get("/api/v1/rooms/{room}/events", list_events);
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
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
pub(in crate::chat) fn newest_page(conn: &mut Conn, may: &ReadRoom, around: Option<Seq>, now: Millis) -> Result<MessagePage> {
    let asked = ListMessages { before: None, after: None, around, at: None, thread: None, limit: None };
    message_page(conn, may, &asked, PAGE_DEFAULT, now)
}

const fn eyes(may: &ReadRoom) -> Eyes {
    Eyes { room: may.room(), member: may.member(), floor: may.floor(), expired: may.row().expired_seq }
}

fn message_page(conn: &mut Conn, may: &ReadRoom, asked: &ListMessages, limit: i64, now: Millis) -> Result<MessagePage> {
    let (room, floor, thread) = (may.room(), may.floor(), asked.thread);
    let eyes = eyes(may);
    let around = match (asked.around, asked.at) {
        (Some(seq), _) => Some(seq),
        (None, Some(at)) => store::seq_at(conn, room, at)?,
        (None, None) => None,
    };
    let fetch = |conn: &mut Conn, window, count| store::page(conn, eyes, thread, window, count);
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
    let edge = |row: Option<&MessageRow>, exists: bool| row.filter(|_| exists).map(|row| row.seq.to_string());
    let next = edge(rows.last(), older);
    let prev = edge(rows.first(), newer);
    let items = actions::message_objects(conn, rows, may.member())?;
    let mut people: Vec<MemberId> = items.iter().map(|item| item.body.author).collect();
    people.extend(items.iter().filter_map(|item| item.body.reply_to.as_ref().map(|quote| quote.author)));
    people.extend(items.iter().flat_map(|item| item.body.mentions.members.iter().copied()));
    people.sort_unstable();
    people.dedup();
    let seq = head(conn, LogId::Room(room))?.map_or(0, |head| head.seq);
    Ok(MessagePage { seq, epoch: epoch(conn)?, members: members::profiles(conn, &people, now)?, items, next, prev })
}

/// What was said around a message.
#[derive(Debug)]
pub struct Scene {
    /// The room as it is called; conversations have no name.
    pub room_name: Option<String>,
    /// Oldest first.
    pub messages: Vec<Message>,
    /// Who wrote them.
    pub members: Vec<Profile>,
}

/// Messages around the one that is looked into.
const AROUND: i64 = 10;

/// What was said around a message, as this actor sees it in its room; none where the room or the message is not for them.
///
/// # Errors
/// When the database cannot be read.
pub fn scene(conn: &mut Conn, actor: &Actor, room: RoomId, message: MessageId) -> Result<Option<Scene>> {
    let may = match actor.check_scope(ReadRoom::SCOPE).and_then(|()| ReadRoom::check(conn, actor, room)) {
        Ok(may) => may,
        Err(Error::NotFound | Error::Refused(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(row) = store::message(conn, message)?.filter(|row| row.room == room && row.seq > may.floor()) else { return Ok(None) };
    let asked = ListMessages { before: None, after: None, around: Some(row.seq), at: None, thread: row.thread, limit: None };
    let MessagePage { mut items, members, .. } = message_page(conn, &may, &asked, AROUND, actor.now)?;
    items.reverse();
    Ok(Some(Scene { room_name: may.row().name.clone(), messages: items, members }))
}

#[utoipa::path(get, path = "/api/v1/rooms/{room}/messages/{message}", params(("room" = RoomId, Path), ("message" = MessageId, Path)), responses((status = 200, body = Message)))]
async fn show_message(gate: Allow<ReadMessage>) -> Result<HttpResponse> {
    let message = gate.read(|conn, may, _| one(actions::message_objects(conn, vec![may.message().clone()], may.member())?)).await?;
    Ok(HttpResponse::Ok().json(message))
}

fn one(mut all: Vec<Message>) -> Result<Message> {
    all.pop().ok_or(Error::NotFound)
}

#[utoipa::path(get, path = "/api/v1/rooms/{room}/pins", params(("room" = RoomId, Path)), responses((status = 200, body = Page<Message>)))]
async fn list_pins(gate: Allow<ReadRoom>) -> Result<HttpResponse> {
    let items = gate
        .read(|conn, may, _| {
            let rows = store::pinned(conn, eyes(may))?;
            actions::message_objects(conn, rows, may.member())
        })
        .await?;
    Ok(HttpResponse::Ok().json(Page { items, next: None }))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
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
            Ok((seq, events_after(conn, may, after, EVENTS)?))
        })
        .await?;
    Ok(HttpResponse::Ok().content_type("application/json").body(event_list(seq, &events, EVENTS)))
}

/// Events of a log as a list of the API.
#[must_use]
pub(crate) fn event_list(seq: Seq, events: &[Rendered], limit: i64) -> String {
    let item = |Rendered { seq, at, event, .. }: &Rendered| format!(r#"{{"seq":{seq},"at":{at},"event":{event}}}"#);
    let items: Vec<String> = events.iter().map(item).collect();
    let next = match events.last() {
        Some(Rendered { seq: last, .. }) if events.len() as i64 == limit => format!("\"{last}\""),
        _ => "null".to_owned(),
    };
    format!(r#"{{"items":[{}],"seq":{seq},"next":{next}}}"#, items.join(","))
}
