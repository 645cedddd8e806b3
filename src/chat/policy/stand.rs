//! A room as one member stands towards it: what every permit of chat looks at first.

use diesel::prelude::*;

use crate::access::{Actor, Permission};
use crate::chat::model::{History, MessageRow, PlaceRow, RoomKind, RoomRole, RoomRow};
use crate::error::{Error, Found, Result};
use crate::ids::{MemberId, RoomId};
use crate::live::Seq;
use crate::storage::schema::{room_members, rooms};
use crate::storage::{Conn, Tx};

type RoomAndPlace = (RoomRow, Option<PlaceRow>);

fn room_and_place(conn: &mut Conn, room: RoomId, member: MemberId) -> Result<RoomAndPlace> {
    rooms::table
        .left_join(room_members::table.on(room_members::room.eq(rooms::id).and(room_members::member.eq(member.0))))
        .filter(rooms::id.eq(room.0))
        .select((RoomRow::as_select(), Option::<PlaceRow>::as_select()))
        .first::<RoomAndPlace>(conn)
        .optional()?
        .found()
}

/// A room as one member stands towards it.
pub(super) struct Stand {
    pub(super) room: RoomRow,
    pub(super) kind: RoomKind,
    pub(super) member: MemberId,
    pub(super) place: Option<PlaceRow>,
}

impl Stand {
    /// Without asking whether the room may be seen.
    pub(super) fn unseen(conn: &mut Conn, actor: &Actor, room: RoomId) -> Result<Self> {
        let member = actor.signed_in()?;
        Self::new(member, room_and_place(conn, room, member)?)
    }

    fn new(member: MemberId, (room, place): RoomAndPlace) -> Result<Self> {
        Ok(Self { kind: RoomKind::from_number(room.kind)?, room, member, place })
    }

    /// A room that may not be seen answers like one that does not exist.
    pub(super) fn of(conn: &mut Conn, actor: &Actor, room: RoomId) -> Result<Self> {
        Self::unseen(conn, actor, room)?.seen()
    }

    /// The same inside a command's write: neither the room nor the place in it is changed by commands.
    pub(super) fn recalled(tx: &mut Tx<'_>, actor: &Actor, room: RoomId) -> Result<Self> {
        let member = actor.signed_in()?;
        let found = tx.recall((room.0, member.0), |conn| room_and_place(conn, room, member))?;
        Self::new(member, found)?.seen()
    }

    fn seen(self) -> Result<Self> {
        if self.place.is_none() && !self.kind.is_open() { Err(Error::NotFound) } else { Ok(self) }
    }

    /// The same for those who keep rooms in order: they reach every room that is no conversation.
    pub(super) fn of_kept(conn: &mut Conn, actor: &Actor, room: RoomId) -> Result<Self> {
        let stand = Self::unseen(conn, actor, room)?;
        if stand.place.is_none() && !stand.kind.is_open() && !stand.keeps(actor) { Err(Error::NotFound) } else { Ok(stand) }
    }

    pub(super) fn role(&self) -> Option<RoomRole> {
        self.place.and_then(|place| RoomRole::from_number(place.role).ok())
    }

    /// The place after which this member may see messages.
    pub(super) fn floor(&self) -> Seq {
        match self.place {
            Some(place) if self.room.history == History::SinceJoin.number() => place.joined_seq,
            _ => 0,
        }
    }

    pub(super) fn leads(&self, actor: &Actor) -> bool {
        let leads_room = matches!(self.role(), Some(RoomRole::Moderator | RoomRole::Owner));
        leads_room || self.keeps(actor)
    }

    /// Do they keep all rooms in order, and so this one? No conversation is theirs.
    pub(super) fn keeps(&self, actor: &Actor) -> bool {
        !self.kind.is_conversation() && actor.permissions.has(Permission::RoomsManage)
    }

    /// Do they keep the peace here: lead the room, or moderate? Slow mode and automod are not for them.
    pub(super) fn keeps_order(&self, actor: &Actor) -> bool {
        let moderates = [Permission::MessagesModerate, Permission::Moderate].iter().any(|one| actor.permissions.has(*one));
        self.leads(actor) || (!self.kind.is_conversation() && moderates)
    }

    /// Does automod look at what they write here?
    pub(super) fn is_watched(&self, actor: &Actor) -> bool {
        !self.kind.is_conversation() && !self.keeps_order(actor)
    }

    pub(super) fn must_be_in(&self) -> Result<&PlaceRow> {
        self.place.as_ref().ok_or(Error::forbidden("chat.not_a_member"))
    }

    /// Does history start at joining, and did somebody come after this place?
    pub(super) fn hides_from_newest(&self, conn: &mut Conn, seq: Seq) -> Result<bool> {
        if self.room.history != History::SinceJoin.number() {
            return Ok(false);
        }
        let newest = room_members::table.filter(room_members::room.eq(self.room.id.0)).select(diesel::dsl::max(room_members::joined_seq));
        Ok(newest.first::<Option<Seq>>(conn)?.is_some_and(|joined| joined >= seq))
    }

    pub(super) const fn must_be_alive(&self) -> Result<()> {
        if self.room.archived_at.is_some() { Err(Error::forbidden("chat.archived")) } else { Ok(()) }
    }
}

/// Does a member see this message in its room?
pub fn sees(conn: &mut Conn, member: MemberId, message: &MessageRow) -> Result<bool> {
    let stand = Stand::new(member, room_and_place(conn, message.room, member)?)?;
    let sees_room = stand.place.is_some() || stand.kind.is_open();
    Ok(sees_room && message.seq > stand.floor() && message.is_heard_by(member))
}

pub(super) fn must_not_be_muted(actor: &Actor) -> Result<()> {
    if actor.is_muted() { Err(Error::forbidden("chat.muted")) } else { Ok(()) }
}
