//! Making rooms and changing them.

use serde::{Deserialize, Serialize};

use super::expiring::expire_soon;
use super::membership::enter;
use super::posting::announce;
use super::reaching::{Reaching, let_in};
use crate::access::not_too_often;
use crate::chat::events::{Event, MeEvent};
use crate::chat::model::{History, Level, RoomKind, RoomRole, RoomRow};
use crate::chat::pace::is_pace;
use crate::chat::policy::{BeIn, ChangeRoom, MakeRoom};
use crate::chat::retention::{Keeping, is_span, kept_days, may_choose, over_until, shortens};
use crate::chat::store::{self, NewRoomRow, RoomFields};
use crate::clock::Millis;
use crate::error::{Error, RefusalKind, Result};
use crate::ids::{MemberId, RoomId};
use crate::live::LogId;
use crate::social::{self, pair};
use crate::storage::{Act, Conn, Tx, one_at_a_time, record, start_log};
use crate::text;

/// Characters of a room's name.
const NAME: std::ops::RangeInclusive<usize> = 1..=60;
/// Most characters of a topic.
const TOPIC: usize = 300;
/// Most members that a new room begins with, beside its maker.
const ADDED_AT_ONCE: usize = 200;
/// The time in which made rooms are counted.
const DAY: Millis = 86_400_000;

/// A room that somebody wants.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct NewRoom {
    /// What sort of room.
    pub kind: RoomKind,
    /// Its name, 1–60 characters; conversations have none.
    #[serde(default)]
    pub name: Option<String>,
    /// What it is about, at most 300 characters.
    #[serde(default)]
    pub topic: String,
    /// From where on members see messages; open rooms show all.
    #[serde(default)]
    pub history: Option<History>,
    /// Who is invited beside the maker; the other of a conversation of two is in it.
    #[serde(default)]
    pub members: Vec<MemberId>,
}

/// A room's name and the key by which it is unique.
fn named(name: &str) -> Result<(String, String)> {
    let name = text::clean_line(name, *NAME.start(), *NAME.end(), "name", "chat.room_name")?;
    let key = text::name_key(&name);
    if key.is_empty() { Err(Error::invalid("name", "chat.room_name")) } else { Ok((name, key)) }
}

/// How many members a group has, and how many rooms somebody makes.
#[derive(Clone, Copy, Debug)]
pub struct RoomLimits {
    /// Most members of a group conversation.
    pub group_members: usize,
    /// Most rooms and conversations of one maker within 24 hours.
    pub per_day: usize,
    /// May the maker open rooms that are no conversations, as far as the community asks for a plan?
    pub has_plan: bool,
}

/// Makes a room; a direct conversation that exists already is returned as it is.
///
/// # Errors
/// `access.not_allowed`, 402 `chat.plan_needed`, `chat.room_name`, `chat.name_taken`, `chat.topic`, `chat.members`, `chat.group_too_large`,
/// `chat.too_many_members`, 429 `chat.too_many_rooms`, `social.you_block`, 429 `social.too_many_invitations`.
pub(in crate::chat) fn make_room(
    tx: &mut Tx<'_>,
    may: &MakeRoom,
    wish: &NewRoom,
    limits: RoomLimits,
    reaching: &Reaching,
) -> Result<RoomId> {
    may.of_kind(wish.kind)?;
    if !wish.kind.is_conversation() && !may.is_free_of_limits() && !limits.has_plan {
        return Err(Error::refused(RefusalKind::Payment, "chat.plan_needed"));
    }
    let mut others: Vec<MemberId> = wish.members.iter().copied().filter(|id| *id != may.member()).collect();
    others.sort_unstable();
    others.dedup();
    if wish.kind.is_conversation() {
        let fits = if wish.kind == RoomKind::Direct { others.len() == 1 } else { others.len() >= 2 };
        if !fits {
            return Err(Error::invalid("members", "chat.members"));
        }
        if others.len() + 1 > limits.group_members.max(2) {
            return Err(Error::invalid("members", "chat.group_too_large"));
        }
    }
    if others.len() > ADDED_AT_ONCE {
        return Err(Error::invalid("members", "chat.too_many_members"));
    }
    if store::active_members(tx, &others)?.len() != others.len() {
        return Err(Error::invalid("members", "chat.members"));
    }
    let is_there = match others[..] {
        [other] if wish.kind == RoomKind::Direct => store::room_of_circle(tx, &pair(may.member(), other))?.is_some(),
        _ => false,
    };
    if !is_there && !may.is_free_of_limits() {
        must_have_made_few(tx, may.member(), limits.per_day)?;
    }
    if let (RoomKind::Direct, [other]) = (wish.kind, &others[..]) {
        return converse(tx, may, wish, *other, reaching);
    }
    social::hold_pairs(tx, may.member(), &others)?;
    let room = create_room(tx, wish, Some(may.member()))?;
    for member in others {
        reaching.invite(tx, room, member, may.member())?;
    }
    Ok(room)
}

/// The conversation with somebody: the one that is there, or a new one. Whoever goes to one that waits for their yes says yes.
fn converse(tx: &mut Tx<'_>, may: &MakeRoom, wish: &NewRoom, other: MemberId, reaching: &Reaching) -> Result<RoomId> {
    let circle = pair(may.member(), other);
    one_at_a_time(tx, &format!("circle {circle}"))?;
    let Some(room) = store::room_of_circle(tx, &circle)? else {
        social::hold_pairs(tx, may.member(), &[other])?;
        let room = create_room(tx, wish, Some(may.member()))?;
        reaching.begin_conversation(tx, room, may.member(), other)?;
        return Ok(room);
    };
    if store::place(tx, room, may.member())?.is_none() {
        if social::is_shut_out(tx, may.member(), other)? {
            return Err(Error::conflict("social.you_block"));
        }
        social::admit(tx, may.member(), other)?;
        let_in(tx, room, may.member())?;
    }
    Ok(room)
}

/// Refuses who has made `most` rooms within a day, until the first of them is a day old.
fn must_have_made_few(tx: &mut Tx<'_>, maker: MemberId, most: usize) -> Result<()> {
    one_at_a_time(tx, &format!("rooms of {maker}"))?;
    let now = tx.now();
    let made = store::rooms_made_since(tx, maker, now - DAY, i64::try_from(most).unwrap_or(i64::MAX))?;
    not_too_often("chat.too_many_rooms", &made, most, DAY, now)
}

/// Makes a room with its maker in it as owner. The caller has shown that it may: a permit, the wizard or the seed.
///
/// # Errors
/// `chat.room_name`, `chat.name_taken`, `chat.topic`.
pub fn create_room(tx: &mut Tx<'_>, wish: &NewRoom, maker: Option<MemberId>) -> Result<RoomId> {
    let topic = text::clean_line(&wish.topic, 0, TOPIC, "topic", "chat.topic")?;
    let named = match (&wish.name, wish.kind) {
        (_, RoomKind::Direct) => None,
        (None, RoomKind::Group) => None,
        (Some(name), RoomKind::Group) => Some((text::clean_line(name, 1, *NAME.end(), "name", "chat.room_name")?, None)),
        (Some(name), _) => {
            let (name, key) = named(name)?;
            one_at_a_time(tx, &format!("room name {key}"))?;
            if store::name_is_taken(tx, &key, None)? {
                return Err(Error::conflict("chat.name_taken"));
            }
            Some((name, Some(key)))
        }
        (None, _) => return Err(Error::invalid("name", "chat.room_name")),
    };
    let the_two = match (wish.kind, maker, wish.members.iter().find(|id| Some(**id) != maker)) {
        (RoomKind::Direct, Some(one), Some(other)) => Some(pair(one, *other)),
        _ => None,
    };
    if let Some(circle) = &the_two {
        one_at_a_time(tx, &format!("circle {circle}"))?;
    }
    if let Some(circle) = &the_two
        && let Some(known) = store::room_of_circle(tx, circle)?
    {
        return Ok(known);
    }
    let history = if wish.kind.is_open() { History::All } else { wish.history.unwrap_or(History::All) };
    let (id, at) = (tx.new_id::<RoomId>(), tx.now());
    store::insert_room(
        tx,
        &NewRoomRow {
            id,
            kind: wish.kind,
            name: named.as_ref().map(|(name, _)| name.as_str()),
            name_key: named.as_ref().and_then(|(_, key)| key.as_deref()),
            topic: &topic,
            history: history.number(),
            circle: the_two.as_deref(),
            created_by: maker,
            at,
        },
    )?;
    start_log(tx, LogId::Room(id), at)?;
    if let Some(maker) = maker {
        let role = if wish.kind.is_conversation() { RoomRole::Member } else { RoomRole::Owner };
        enter(tx, id, maker, maker, role)?;
    }
    Ok(id)
}

/// What is to change of a room; what is absent stays.
#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
pub struct RoomChange {
    /// Its name, 1–60 characters.
    #[serde(default)]
    pub name: Option<String>,
    /// What it is about, at most 300 characters.
    #[serde(default)]
    pub topic: Option<String>,
    /// From where on members see messages; open rooms show all.
    #[serde(default)]
    pub history: Option<History>,
    /// Does nobody write in it any more?
    #[serde(default)]
    pub archived: Option<bool>,
    /// Has it voice? Conversations have it always.
    #[serde(default)]
    pub voice: Option<bool>,
    /// Slow mode: seconds between two messages of one member, 5–21,600; 0: off. Not for conversations.
    #[serde(default)]
    pub slow_seconds: Option<i32>,
    /// For how many days it keeps its messages, 1–3,650; 0: for ever; `null`: as the community does. Not for conversations.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i32>)]
    pub keep_days: Option<Option<i32>>,
    /// Of the member who asks, where messages are to be kept for a shorter time than before; who has none leaves it out.
    #[serde(default)]
    pub password: String,
}

impl std::fmt::Debug for RoomChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RoomChange").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Tells a field that is missing from one that is `null`.
fn given<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(d: D) -> std::result::Result<Option<Option<T>>, D::Error> {
    Option::deserialize(d).map(Some)
}

/// Does such a change delete what the room would have kept?
///
/// # Errors
/// `chat.keep_days`, 403 `chat.keep_bound`: what may not be chosen asks for no password.
pub(in crate::chat) fn is_shortened(may: &ChangeRoom, change: &RoomChange, community: Keeping) -> Result<bool> {
    let row = may.row();
    let Some(chosen) = change.keep_days else { return Ok(false) };
    let keep_days = kept(may, RoomKind::from_number(row.kind)?, chosen, community)?;
    let after = RoomRow { keep_days, ..row.clone() };
    Ok(shortens(kept_days(row, community.days), kept_days(&after, community.days)))
}

/// Changes a room.
///
/// # Errors
/// `chat.room_name`, `chat.name_taken`, `chat.topic`, `chat.open_history`, `chat.slow_seconds`, `chat.keep_days`, 403 `chat.keep_bound`.
pub(in crate::chat) fn change_room(tx: &mut Tx<'_>, may: &ChangeRoom, change: &RoomChange, community: Keeping) -> Result<()> {
    let row = may.row();
    let kind = RoomKind::from_number(row.kind)?;
    let now = tx.now();
    let name = match &change.name {
        None => row.name.clone(),
        Some(name) if kind == RoomKind::Group && name.trim().is_empty() => None,
        Some(name) => Some(text::clean_line(name, *NAME.start(), *NAME.end(), "name", "chat.room_name")?),
    };
    let name_key = if kind.is_conversation() { None } else { name.as_deref().map(text::name_key) };
    if let Some(key) = &name_key {
        if key.is_empty() {
            return Err(Error::invalid("name", "chat.room_name"));
        }
        one_at_a_time(tx, &format!("room name {key}"))?;
        if store::name_is_taken(tx, key, Some(row.id))? {
            return Err(Error::conflict("chat.name_taken"));
        }
    }
    let topic = match &change.topic {
        None => row.topic.clone(),
        Some(topic) => text::clean_line(topic, 0, TOPIC, "topic", "chat.topic")?,
    };
    let history = change.history.map_or(row.history, History::number);
    if kind.is_open() && history != History::All.number() {
        return Err(Error::invalid("history", "chat.open_history"));
    }
    let archived_at = match change.archived {
        None => row.archived_at,
        Some(false) => None,
        Some(true) => row.archived_at.or(Some(now)),
    };
    let voice = if kind.is_conversation() { row.voice } else { change.voice.unwrap_or(row.voice) };
    let slow_seconds = change.slow_seconds.unwrap_or(row.slow_seconds);
    if !is_pace(slow_seconds) || (kind.is_conversation() && slow_seconds != 0) {
        return Err(Error::invalid("slow_seconds", "chat.slow_seconds"));
    }
    let keep_days = change.keep_days.map_or(Ok(row.keep_days), |chosen| kept(may, kind, chosen, community))?;
    let changed = RoomRow { name, topic, history, archived_at, voice, slow_seconds, keep_days, ..row.clone() };
    if changed == *row {
        return Ok(());
    }
    store::update_room(tx, row.id, &RoomFields::of(&changed, name_key.as_deref()))?;
    announce(tx, row.id, &Event::room_changed(&changed, may.member())?, may.member())?;
    // What holds others back, or deletes what they wrote, is on record, whoever chose it.
    if may.by_office() || changed.slow_seconds != row.slow_seconds || changed.keep_days != row.keep_days {
        record_change(tx, may, &changed)?;
    }
    if changed.keep_days != row.keep_days && kept_days(&changed, community.days).is_some() {
        expire_soon(tx, Some(row.id))?;
    }
    Ok(())
}

/// For how long the room is to keep its messages, if that may be chosen.
fn kept(may: &ChangeRoom, kind: RoomKind, chosen: Option<i32>, community: Keeping) -> Result<Option<i32>> {
    let fits = chosen.is_none_or(|days| is_span(days) && !kind.is_conversation());
    if !fits {
        return Err(Error::invalid("keep_days", "chat.keep_days"));
    }
    if chosen == may.row().keep_days || may.keeps() || may_choose(may.row().keep_days, chosen, community) {
        Ok(chosen)
    } else {
        Err(Error::forbidden("chat.keep_bound"))
    }
}

/// What would go if a room kept its messages for so many days.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub struct WouldGo {
    /// For so many days; null: for ever.
    pub days: Option<i32>,
    /// Messages that would be deleted now.
    pub messages: i64,
    /// Of these, those that are pinned.
    pub pinned: i64,
}

/// What would go now if the room were kept like this; without a choice, as it is.
///
/// # Errors
/// `chat.keep_days` for what is no span, and for conversations.
pub(in crate::chat) fn would_go(conn: &mut Conn, may: &ChangeRoom, chosen: Option<i32>, community: u16, now: Millis) -> Result<WouldGo> {
    let row = may.row();
    if RoomKind::from_number(row.kind)?.is_conversation() || !chosen.is_none_or(is_span) {
        return Err(Error::invalid("days", "chat.keep_days"));
    }
    let as_chosen = RoomRow { keep_days: chosen.or(row.keep_days), ..row.clone() };
    let Some(days) = kept_days(&as_chosen, community) else { return Ok(WouldGo { days: None, messages: 0, pinned: 0 }) };
    let (messages, pinned) = store::count_aged(conn, row.id, row.expired_seq, over_until(days, now))?;
    Ok(WouldGo { days: Some(days), messages, pinned })
}

fn record_change(tx: &mut Tx<'_>, may: &ChangeRoom, after: &RoomRow) -> Result<()> {
    let before = may.row();
    let state = |row: &RoomRow| {
        let archived = row.archived_at.is_some();
        let (slow_seconds, keep_days) = (row.slow_seconds, row.keep_days);
        Some(
            serde_json::json!({ "name": row.name, "topic": row.topic, "archived": archived, "slow_seconds": slow_seconds, "keep_days": keep_days }),
        )
    };
    record(
        tx,
        &Act {
            actor: Some(may.member()),
            act: "rooms.change",
            subject_kind: "room",
            subject: before.id.to_string(),
            before: state(before),
            after: state(after),
            reason: None,
            address: None,
        },
    )?;
    Ok(())
}

/// Chooses what of a room is brought to one's notice.
///
/// # Errors
/// When the database refuses.
pub(in crate::chat) fn set_level(tx: &mut Tx<'_>, may: &BeIn, level: Level) -> Result<()> {
    if store::set_level(tx, may.room(), may.member(), level.number())? {
        let event = MeEvent::LevelSet { room: may.room(), level };
        tx.announce(LogId::Member(may.member()), event.announcement(Some(may.member()))?)?;
    }
    Ok(())
}
