//! Who is in a room: entering, leaving, being added and removed, roles, and who follows the last owner.

use super::inviting::{answered, withdraw};
use super::posting::{announce, room_head};
use super::reaching::Reaching;
use crate::chat::events::{Departure, Event, MeEvent};
use crate::chat::model::{Level, PlaceRow, RoomKind, RoomRole, RoomRow};
use crate::chat::policy::{AddToRoom, LeadRoom, RemoveFromRoom};
use crate::chat::store;
use crate::error::{Error, Found, Result};
use crate::ids::{MemberId, RoomId};
use crate::live::LogId;
use crate::storage::{Act, Conn, Tx, hold_members, hold_room, record};

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
    answered(tx, room, member)?;
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
    let open = store::open_rooms(tx, "", None, MOST_ANNOUNCEMENTS)?.into_iter().map(|(_, room)| room);
    let mut rooms: Vec<RoomId> = open.filter(|room| room.kind == RoomKind::Announcement.number()).map(|room| room.id).collect();
    rooms.sort_unstable();
    // Rooms are held before anything in the log of a member is.
    rooms.iter().try_for_each(|room| hold_room(tx, *room))?;
    rooms.into_iter().try_for_each(|room| join_quietly(tx, room, member).map(|_| ()))
}

/// Open rooms looked through for announcement rooms.
const MOST_ANNOUNCEMENTS: i64 = 1_000;

/// Takes a member out of a room and tells the room and the member. Whom they had invited is invited no longer: nobody could come in with
/// them gone.
fn depart(tx: &mut Tx<'_>, room: RoomId, member: MemberId, actor: Option<MemberId>, reason: Departure) -> Result<bool> {
    let Some(place) = store::place(tx, room, member)? else { return Ok(false) };
    let invited = store::invited_by_in(tx, room, member)?;
    hold_room(tx, room)?;
    hold_members(tx, &invited.iter().copied().chain([member]).collect::<Vec<_>>())?;
    store::delete_place(tx, room, member)?;
    // Whoever comes back begins anew: what was said meanwhile is not unread.
    store::forget_read_marks(tx, member, room)?;
    tx.announce(LogId::Member(member), MeEvent::RoomLeft { room, reason }.announcement(actor)?)?;
    tx.announce(LogId::Room(room), Event::MemberLeft { member, actor, reason }.announcement(actor)?)?;
    for invited in invited {
        withdraw(tx, room, invited, actor)?;
    }
    if place.role == RoomRole::Owner.number() {
        pass_on(tx, room)?;
    }
    Ok(true)
}

/// A room whose last owner went gets another: who has been its moderator longest. In a closed room it is else who has been its member
/// longest and is not muted. Into an open room anybody may come, to wait for its owner to go, so there only moderators follow. Without an
/// heir those who keep all rooms in order look after it.
fn pass_on(tx: &mut Tx<'_>, room: RoomId) -> Result<()> {
    if store::has_owner(tx, room)? {
        return Ok(());
    }
    let Some(kind) = store::room(tx, room)?.map(|row| row.kind) else { return Ok(()) };
    let is_open = [RoomKind::Public.number(), RoomKind::Announcement.number()].contains(&kind);
    let heir = match store::longest_standing(tx, room, RoomRole::Moderator)? {
        None if !is_open => store::longest_standing_unmuted(tx, room)?,
        found => found,
    };
    let Some(member) = heir else { return Ok(()) };
    store::set_room_role(tx, room, member, RoomRole::Owner.number())?;
    let event = Event::RoomRoleSet { actor: None, member, role: RoomRole::Owner };
    tx.announce(LogId::Room(room), event.announcement(None)?)?;
    Ok(())
}

/// The rooms that a member is in, but for conversations of two, in ascending id.
fn rooms_to_leave(conn: &mut Conn, member: MemberId) -> Result<Vec<RoomId>> {
    let is_left = |row: &RoomRow| row.kind != RoomKind::Direct.number();
    let mut rooms: Vec<RoomId> = store::rooms_of(conn, member)?.into_iter().map(|(row, _)| row).filter(is_left).map(|row| row.id).collect();
    rooms.sort_unstable();
    Ok(rooms)
}

/// Takes hold of all rooms that a member's going changes, and says whom they have invited: to those logs it writes too.
///
/// # Errors
/// When the database cannot be asked.
pub fn hold_rooms_of(tx: &mut Tx<'_>, member: MemberId) -> Result<Vec<MemberId>> {
    let invitations = store::invitations_about(tx, member)?;
    let mut rooms = rooms_to_leave(tx, member)?;
    rooms.extend(invitations.iter().map(|(room, _)| *room));
    rooms.sort_unstable();
    rooms.dedup();
    rooms.iter().try_for_each(|room| hold_room(tx, *room))?;
    Ok(invitations.into_iter().map(|(_, invited)| invited).collect())
}

/// A member who is banned or deleted leaves every room, but for conversations of two, which stay readable for the other. [`hold_rooms_of`]
/// comes first.
///
/// # Errors
/// When the database refuses.
pub fn leave_everything(tx: &mut Tx<'_>, member: MemberId, banned: bool) -> Result<()> {
    let reason = if banned { Departure::Banned } else { Departure::Deleted };
    for (room, invited) in store::invitations_about(tx, member)? {
        withdraw(tx, room, invited, None)?;
    }
    for room in rooms_to_leave(tx, member)? {
        depart(tx, room, member, None, reason)?;
    }
    if !banned {
        store::forget_said(tx, member)?;
    }
    Ok(())
}

/// Joins, or invites somebody else; who is invited counts towards the size of a group.
///
/// # Errors
/// `chat.members` for somebody who cannot take part, `chat.group_too_large`, `social.you_block`, 429 `social.too_many_invitations`.
pub(in crate::chat) fn add_member(tx: &mut Tx<'_>, may: &AddToRoom, group_limit: usize, reaching: &Reaching) -> Result<()> {
    let room = may.row();
    if store::active_members(tx, &[may.member()])?.is_empty() {
        return Err(Error::invalid("member", "chat.members"));
    }
    if store::place(tx, room.id, may.member())?.is_some() {
        return Ok(());
    }
    if may.member() == may.actor() {
        return enter(tx, room.id, may.member(), may.actor(), RoomRole::Member).map(|_| ());
    }
    if room.kind == RoomKind::Group.number() && store::invited_by(tx, room.id, may.member())?.is_none() {
        let there = usize::try_from(room.member_count).unwrap_or(0) + store::count_invited(tx, room.id)?;
        if there >= group_limit {
            return Err(Error::conflict("chat.group_too_large"));
        }
    }
    reaching.invite(tx, room.id, may.member(), may.actor())
}

/// The places of the two of a conversation after `after`, as both see them: nobody learns from them who hears it.
pub(in crate::chat) fn places_of_two(room: &RoomRow, mut two: [MemberId; 2], after: Option<MemberId>) -> Vec<PlaceRow> {
    two.sort_unstable();
    let (role, level) = (RoomRole::Member.number(), Level::All.number());
    let place = |member| PlaceRow { room: room.id, member, role, level, joined_at: room.created_at, joined_seq: 0 };
    two.into_iter().filter(|member| after.is_none_or(|after| *member > after)).map(place).collect()
}

/// Removes a member, or leaves; takes back the invitation of somebody who has not come. `why` is for the audit log.
///
/// # Errors
/// When the database cannot be written.
pub fn remove_member(tx: &mut Tx<'_>, may: &RemoveFromRoom, why: Option<&str>) -> Result<bool> {
    let room = may.row().id;
    let reason = if may.member() == may.actor() { Departure::Left } else { Departure::Removed };
    let gone = depart(tx, room, may.member(), Some(may.actor()), reason)?;
    if !gone {
        return withdraw(tx, room, may.member(), Some(may.actor()));
    }
    if reason == Departure::Removed {
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
                reason: why,
                address: None,
            },
        )?;
    }
    Ok(gone)
}

/// Gives a member a role within a room.
///
/// # Errors
/// 404 when they are not in it; `chat.last_owner` when the room would have no owner left.
pub(in crate::chat) fn set_room_role(tx: &mut Tx<'_>, may: &LeadRoom, role: RoomRole) -> Result<()> {
    let room = may.row().id;
    let before = store::place(tx, room, may.member())?.found()?.role;
    if before == role.number() {
        return Ok(());
    }
    store::set_room_role(tx, room, may.member(), role.number())?;
    if before == RoomRole::Owner.number() && !store::has_owner(tx, room)? {
        return Err(Error::conflict("chat.last_owner"));
    }
    announce(tx, room, &Event::RoomRoleSet { actor: Some(may.actor()), member: may.member(), role }, may.actor())?;
    Ok(())
}
