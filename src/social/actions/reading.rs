//! What a member reads about people: lists, the inbox, one person.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{MayCall, may_call, people, unread_notices};
use crate::access::Page;
use crate::clock::Millis;
use crate::error::{Found, Result};
use crate::ids::{MemberId, RequestId, RoomId};
use crate::members;
use crate::social::model::{Edge, Person, Request, RequestKind, RequestRow, Shared};
use crate::social::policy::SeePerson;
use crate::social::store;
use crate::social::store::lists::{List, Paging, Sought};
use crate::storage::Conn;
use crate::text;

/// Most members whom one blocks or mutes that a client is told at once.
const MOST_SHUT: i64 = 10_000;
/// Most names of a member's own that a client is told at once.
const MOST_NAMED: i64 = 10_000;
/// Most rooms in common that are named.
const SHARED: i64 = 50;

/// A page of one of my lists, in order of the names under which they are shown.
///
/// # Errors
/// When the database cannot be read.
pub fn list(conn: &mut Conn, me: MemberId, list: List, paging: &Paging, now: Millis) -> Result<Page<Person>> {
    let ids = store::lists::page(conn, me, list, &Paging { limit: paging.limit + 1, ..paging.clone() })?;
    cut(conn, me, ids, paging.limit, now)
}

/// A page of everybody who is there, in the same order.
///
/// # Errors
/// When the database cannot be read.
pub fn directory(conn: &mut Conn, me: MemberId, sought: Sought, paging: &Paging, now: Millis) -> Result<Page<Person>> {
    let ids = store::lists::directory(conn, me, sought, &Paging { limit: paging.limit + 1, ..paging.clone() })?;
    cut(conn, me, ids, paging.limit, now)
}

/// Cuts what was read one too far.
fn cut(conn: &mut Conn, me: MemberId, ids: Vec<MemberId>, limit: i64, now: Millis) -> Result<Page<Person>> {
    let Page { items, next } = Page::of(ids, limit, ToString::to_string);
    Ok(Page { items: people(conn, me, &items, now)?, next })
}

/// One member as the one who asks knows them, the rooms in common, and their conversation.
///
/// # Errors
/// When the database cannot be read.
pub fn person(conn: &mut Conn, may: &SeePerson, now: Millis) -> Result<(Person, Vec<Shared>, Option<RoomId>)> {
    let person = people(conn, may.member(), &[may.other()], now)?.pop().found()?;
    let shared = store::lists::shared_rooms(conn, may.member(), may.other(), SHARED)?;
    let conversation = store::lists::conversation(conn, may.member(), may.other())?;
    Ok((person, shared, conversation))
}

/// These members in this order, as the one who asks knows them.
///
/// # Errors
/// When the database cannot be read.
pub fn known_people(conn: &mut Conn, me: MemberId, ids: &[MemberId], now: Millis) -> Result<Vec<Person>> {
    people(conn, me, ids, now)
}

/// A page of the inbox, newest first, by as many statements however many wait.
///
/// # Errors
/// When the database cannot be read.
pub fn inbox(conn: &mut Conn, me: MemberId, before: Option<RequestId>, limit: i64, now: Millis) -> Result<Page<Request>> {
    let rows = store::requests::inbox(conn, me, before, limit + 1)?;
    let Page { items: rows, next } = Page::of(rows, limit, |row| row.id.to_string());
    let senders: Vec<MemberId> = rows.iter().map(|row| row.sender).collect();
    let profiles = members::profiles(conn, &senders, now)?;
    let rooms: Vec<RoomId> = rows.iter().filter_map(|row| row.room).collect();
    let names = store::requests::room_names(conn, &rooms)?;
    let of_words = |row: &&RequestRow| row.kind == RequestKind::Message.number();
    let called: BTreeMap<MemberId, _> = store::relations::notes_on(conn, me, &senders)?.into_iter().collect();
    let mut waiting = store::requests::waiting(conn, &rows.iter().filter(of_words).map(|row| row.id).collect::<Vec<_>>())?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(sender) = profiles.iter().find(|profile| profile.id == row.sender).cloned() else { continue };
        let kind = RequestKind::from_number(row.kind);
        let words = waiting.remove(&row.id).unwrap_or_default();
        items.push(Request {
            id: row.id,
            kind,
            sender,
            own_name: called.get(&row.sender).map(|note| note.own_name.clone()).unwrap_or_default(),
            at: row.at,
            room: row.room.filter(|_| kind == RequestKind::Invite),
            room_name: row.room.and_then(|room| names.get(&room).cloned()),
            preview: words.newest.map(|body| text::excerpt(&body)),
            messages: words.messages,
        });
    }
    Ok(Page { items, next })
}

/// How many requests wait for a member.
///
/// # Errors
/// When the database cannot be read.
pub fn open_requests(conn: &mut Conn, member: MemberId) -> Result<i64> {
    store::requests::count_open(conn, member)
}

/// What of people a client begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "People"))]
pub struct Mine {
    /// Whom I block.
    pub blocked: Vec<MemberId>,
    /// Whom I muted.
    pub muted: Vec<MemberId>,
    /// How many requests wait for me.
    pub requests: i64,
    /// How many notices of those who keep the peace I have not seen.
    pub notices: i64,
    /// Who said yes to my calls, which I have not made yet: to a voice (`call`), or to a picture as well (`video_call`).
    #[cfg_attr(test, ts(type = "{ [id: string]: RequestKind }"))]
    #[schema(value_type = BTreeMap<String, RequestKind>)]
    pub may_call: MayCall,
}

/// What of people a client begins with.
///
/// # Errors
/// When the database cannot be read.
pub fn mine(conn: &mut Conn, member: MemberId) -> Result<Mine> {
    let all = store::relations::shut(conn, member, MOST_SHUT)?;
    let with = |edge| all.iter().filter(|(_, edges)| edges.has(edge)).map(|(other, _)| *other).collect();
    Ok(Mine {
        blocked: with(Edge::Blocks),
        muted: with(Edge::Mutes),
        requests: open_requests(conn, member)?,
        notices: unread_notices(conn, member)?,
        may_call: may_call(conn, member)?,
    })
}

/// Whom of these a member blocks.
///
/// # Errors
/// When the database cannot be read.
pub fn blocked_of(conn: &mut Conn, member: MemberId, others: &[MemberId]) -> Result<Vec<MemberId>> {
    let all = store::relations::all_of(conn, member, others)?;
    Ok(all.into_iter().filter(|(_, edges)| edges.has(Edge::Blocks)).map(|(other, _)| other).collect())
}

/// What a member calls others, by their ids; nobody else is told.
pub type OwnNames = BTreeMap<MemberId, String>;

/// What a member calls others.
///
/// # Errors
/// When the database cannot be read.
pub fn own_names(conn: &mut Conn, member: MemberId) -> Result<OwnNames> {
    Ok(store::relations::own_names(conn, member, MOST_NAMED)?.into_iter().collect())
}

/// The condition that a column of a query names nobody whom a member blocks, and with `muted` nobody whom they muted.
#[must_use]
pub const fn unless_shut(column: &'static str, member: MemberId, muted: bool) -> store::relations::UnlessShut {
    store::relations::unless_shut(column, member, muted)
}

/// The condition that a column names somebody who may not let a member call them, where everyone may call whoever has chosen nothing.
#[must_use]
pub const fn may_refuse(column: &'static str, member: MemberId) -> store::relations::MayRefuse {
    store::relations::may_refuse(column, member)
}
