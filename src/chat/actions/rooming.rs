//! Making rooms, entering and leaving them, changing them.

use serde::Deserialize;

use super::posting::{announce, room_head};
use crate::chat::events::{Departure, Event, MeEvent};
use crate::chat::model::{History, Level, PlaceRow, RoomKind, RoomRole, RoomRow};
use crate::chat::policy::{AddToRoom, BeIn, ChangeRoom, LeadRoom, MakeRoom, RemoveFromRoom};
use crate::chat::store::{self, NewRoomRow, RoomFields};
use crate::clock::Millis;
use crate::error::{Error, Found, Result};
use crate::ids::{MemberId, RoomId};
use crate::live::LogId;
use crate::storage::{Act, Tx, hold_room, one_at_a_time, record, start_log};
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
    /// Who is in it beside the maker.
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
}

/// Makes a room; a direct conversation that exists already is returned as it is.
///
/// # Errors
/// `access.not_allowed`, `chat.room_name`, `chat.name_taken`, `chat.topic`, `chat.members`, `chat.group_too_large`,
/// `chat.too_many_members`, 429 `chat.too_many_rooms`.
pub fn make_room(tx: &mut Tx<'_>, may: &MakeRoom, wish: &NewRoom, limits: RoomLimits) -> Result<RoomId> {
    may.of_kind(wish.kind)?;
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
        [other] if wish.kind == RoomKind::Direct => store::room_of_circle(tx, &circle(may.member(), other))?.is_some(),
        _ => false,
    };
    if !is_there && !may.is_free_of_limits() {
        must_have_made_few(tx, may.member(), limits.per_day)?;
    }
    let room = create_room(tx, wish, Some(may.member()))?;
    for member in others {
        enter(tx, room, member, may.member(), RoomRole::Member)?;
    }
    Ok(room)
}

/// What makes the conversation of two the only one.
fn circle(one: MemberId, other: MemberId) -> String {
    format!("{}:{}", one.0.min(other.0), one.0.max(other.0))
}

/// Refuses who has made `most` rooms within a day, until the first of them is a day old.
fn must_have_made_few(tx: &mut Tx<'_>, maker: MemberId, most: usize) -> Result<()> {
    one_at_a_time(tx, &format!("rooms of {maker}"))?;
    let now = tx.now();
    let made = store::rooms_made_since(tx, maker, now - DAY, i64::try_from(most).unwrap_or(i64::MAX))?;
    match made.last() {
        Some(first) if made.len() >= most => {
            let wait = (first + DAY - now).max(1);
            Err(Error::slow_down("chat.too_many_rooms", wait.unsigned_abs()))
        }
        _ => Ok(()),
    }
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
        (RoomKind::Direct, Some(one), Some(other)) => Some(circle(one, *other)),
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

/// Puts a member into a room and tells the room and the member. Nothing happens when they are in it already.
///
/// # Errors
/// When the database refuses.
pub(in crate::chat) fn enter(tx: &mut Tx<'_>, room: RoomId, member: MemberId, actor: MemberId, role: RoomRole) -> Result<bool> {
    let head = room_head(tx, room)?;
    let row = PlaceRow { room, member, role: role.number(), level: Level::All.number(), joined_at: tx.now(), joined_seq: head };
    if !store::insert_place(tx, &row)? {
        return Ok(false);
    }
    let joined = announce(tx, room, &Event::MemberJoined { member, actor }, actor)?;
    tx.announce(LogId::Member(member), MeEvent::RoomJoined { room, head: joined }.announcement(Some(actor))?)?;
    Ok(true)
}

/// Puts a new member into an open room, as the community's own doing.
///
/// # Errors
/// When the database refuses.
pub fn join_quietly(tx: &mut Tx<'_>, room: RoomId, member: MemberId) -> Result<bool> {
    enter(tx, room, member, member, RoomRole::Member)
}

/// A new member is in every announcement room from the start: that is what they are for.
///
/// # Errors
/// When the database refuses.
pub fn join_announcements(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    for (_, room) in store::open_rooms(tx, "", None, MOST_ANNOUNCEMENTS)? {
        if room.kind == RoomKind::Announcement.number() {
            join_quietly(tx, room.id, member)?;
        }
    }
    Ok(())
}

/// Open rooms looked through for announcement rooms.
const MOST_ANNOUNCEMENTS: i64 = 1_000;

/// Takes a member out of a room and tells the room and the member.
fn depart(tx: &mut Tx<'_>, room: RoomId, member: MemberId, actor: Option<MemberId>, reason: Departure) -> Result<bool> {
    let Some(place) = store::place(tx, room, member)? else { return Ok(false) };
    store::delete_place(tx, room, member)?;
    // Whoever comes back begins anew: what was said meanwhile is not unread.
    store::forget_read_marks(tx, member, room)?;
    tx.announce(LogId::Member(member), MeEvent::RoomLeft { room, reason }.announcement(actor)?)?;
    tx.announce(LogId::Room(room), Event::MemberLeft { member, actor, reason }.announcement(actor)?)?;
    if place.role == RoomRole::Owner.number() {
        pass_on(tx, room)?;
    }
    Ok(true)
}

/// A room whose last owner went gets another: who has been its moderator longest, or else its member. Everyone is in an announcement
/// room and few are trusted with it, so there only moderators follow; without one, those who keep all rooms in order look after it.
fn pass_on(tx: &mut Tx<'_>, room: RoomId) -> Result<()> {
    if store::has_owner(tx, room)? {
        return Ok(());
    }
    let kind = store::room(tx, room)?.map(|row| row.kind);
    let heir = match store::longest_standing(tx, room, RoomRole::Moderator)? {
        None if kind != Some(RoomKind::Announcement.number()) => store::longest_standing(tx, room, RoomRole::Member)?,
        found => found,
    };
    let Some(member) = heir else { return Ok(()) };
    store::set_room_role(tx, room, member, RoomRole::Owner.number())?;
    let event = Event::RoomRoleSet { actor: None, member, role: RoomRole::Owner };
    tx.announce(LogId::Room(room), event.announcement(None)?)?;
    Ok(())
}

/// A member who is banned or deleted leaves every room, but for conversations of two, which stay readable for the other.
///
/// # Errors
/// When the database refuses.
pub fn leave_everything(tx: &mut Tx<'_>, member: MemberId, banned: bool) -> Result<()> {
    let reason = if banned { Departure::Banned } else { Departure::Deleted };
    for (room, _) in store::rooms_of(tx, member)? {
        if room.kind != RoomKind::Direct.number() {
            hold_room(tx, room.id)?;
            depart(tx, room.id, member, None, reason)?;
        }
    }
    Ok(())
}

/// Adds a member, or joins.
///
/// # Errors
/// `chat.members` for somebody who cannot take part, `chat.group_too_large`.
pub(in crate::chat) fn add_member(tx: &mut Tx<'_>, may: &AddToRoom, group_limit: usize) -> Result<bool> {
    let room = may.row();
    if store::active_members(tx, &[may.member()])?.is_empty() {
        return Err(Error::invalid("member", "chat.members"));
    }
    let is_in = store::place(tx, room.id, may.member())?.is_some();
    let full = usize::try_from(room.member_count).unwrap_or(0) >= group_limit;
    if room.kind == RoomKind::Group.number() && full && !is_in {
        return Err(Error::conflict("chat.group_too_large"));
    }
    enter(tx, room.id, may.member(), may.actor(), RoomRole::Member)
}

/// Removes a member, or leaves.
///
/// # Errors
/// When the database cannot be written.
pub(in crate::chat) fn remove_member(tx: &mut Tx<'_>, may: &RemoveFromRoom) -> Result<bool> {
    let room = may.row().id;
    let reason = if may.member() == may.actor() { Departure::Left } else { Departure::Removed };
    let gone = depart(tx, room, may.member(), Some(may.actor()), reason)?;
    if gone && reason == Departure::Removed {
        let subject = format!("{room}:{}", may.member());
        record(
            tx,
            &Act {
                actor: Some(may.actor()),
                act: "rooms.remove_member",
                subject_kind: "room_member",
                subject,
                before: None,
                after: None,
                reason: None,
                address: None,
            },
        )?;
    }
    Ok(gone)
}

/// What is to change of a room; what is absent stays.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
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
}

/// Changes a room.
///
/// # Errors
/// `chat.room_name`, `chat.name_taken`, `chat.topic`, `chat.open_history`.
pub(in crate::chat) fn change_room(tx: &mut Tx<'_>, may: &ChangeRoom, change: &RoomChange) -> Result<()> {
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
    let unchanged = name == row.name && topic == row.topic && history == row.history && archived_at == row.archived_at;
    if unchanged {
        return Ok(());
    }
    store::update_room(
        tx,
        row.id,
        &RoomFields { name: name.as_deref(), name_key: name_key.as_deref(), topic: &topic, history, archived_at },
    )?;
    let event = Event::RoomChanged {
        actor: may.member(),
        name: name.clone(),
        topic: topic.clone(),
        archived: archived_at.is_some(),
        history: History::from_number(history)?,
    };
    announce(tx, row.id, &event, may.member())?;
    if may.by_office() {
        record_change(tx, may, row, name.as_deref(), &topic, archived_at)?;
    }
    Ok(())
}

fn record_change(
    tx: &mut Tx<'_>,
    may: &ChangeRoom,
    before: &RoomRow,
    name: Option<&str>,
    topic: &str,
    archived_at: Option<Millis>,
) -> Result<()> {
    let state =
        |name: Option<&str>, topic: &str, archived: bool| Some(serde_json::json!({ "name": name, "topic": topic, "archived": archived }));
    record(
        tx,
        &Act {
            actor: Some(may.member()),
            act: "rooms.change",
            subject_kind: "room",
            subject: before.id.to_string(),
            before: state(before.name.as_deref(), &before.topic, before.archived_at.is_some()),
            after: state(name, topic, archived_at.is_some()),
            reason: None,
            address: None,
        },
    )?;
    Ok(())
}

/// Gives a member a role within a room.
///
/// # Errors
/// 404 when they are not in it; `chat.last_owner` when the room would have no owner left.
pub(in crate::chat) fn set_room_role(tx: &mut Tx<'_>, may: &LeadRoom, role: RoomRole) -> Result<()> {
    let before = store::place(tx, may.room(), may.member())?.found()?.role;
    if before == role.number() {
        return Ok(());
    }
    store::set_room_role(tx, may.room(), may.member(), role.number())?;
    if before == RoomRole::Owner.number() && !store::has_owner(tx, may.room())? {
        return Err(Error::conflict("chat.last_owner"));
    }
    announce(tx, may.room(), &Event::RoomRoleSet { actor: Some(may.actor()), member: may.member(), role }, may.actor())?;
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
