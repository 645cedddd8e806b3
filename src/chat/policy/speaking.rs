//! Writing in a room, and calling many there at once.

use super::stand::{Stand, must_not_be_muted};
use crate::access::{Actor, Permission, Permit, Scope};
use crate::chat::model::{Calls, RoomKind};
use crate::error::{Error, Result};
use crate::ids::{MemberId, RoomId};
use crate::live::Seq;
use crate::storage::{Conn, Tx};

/// May write in a room.
#[derive(Debug)]
pub struct PostIn {
    room: RoomId,
    member: MemberId,
    floor: Seq,
    may_call: bool,
    other: Option<MemberId>,
    slow_seconds: i32,
    keeps_order: bool,
    is_watched: bool,
}

impl PostIn {
    /// To whom, in a conversation of two.
    pub const fn other(&self) -> Option<MemberId> {
        self.other
    }

    /// The room.
    pub const fn room(&self) -> RoomId {
        self.room
    }

    /// The author.
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// Messages at or below this place may not be quoted.
    pub const fn floor(&self) -> Seq {
        self.floor
    }

    /// Seconds between two messages of one member; 0: none.
    pub const fn slow_seconds(&self) -> i32 {
        self.slow_seconds
    }

    /// Do they write as often as they need, however slow the room is?
    pub const fn keeps_order(&self) -> bool {
        self.keeps_order
    }

    /// Does automod look at what they write here?
    pub const fn is_watched(&self) -> bool {
        self.is_watched
    }

    /// Do `@room`, `@here` and the names of roles reach anybody?
    pub const fn may_call(&self) -> bool {
        self.may_call
    }

    fn of(stand: &Stand, actor: &Actor) -> Result<Self> {
        stand.must_be_in()?;
        stand.must_be_alive()?;
        must_not_be_muted(actor)?;
        let leads = stand.leads(actor);
        if stand.kind == RoomKind::Announcement && !leads && !actor.permissions.has(Permission::Announce) {
            return Err(Error::forbidden("chat.announcements_only"));
        }
        let may_call = leads || stand.kind.is_conversation() || actor.permissions.has(Permission::MentionRoom);
        let (room, other) = (&stand.room, stand.room.other_than(stand.member));
        let (keeps_order, is_watched) = (stand.keeps_order(actor), stand.is_watched(actor));
        let (member, floor, slow_seconds) = (stand.member, stand.floor(), room.slow_seconds);
        Ok(Self { room: room.id, member, floor, may_call, other, slow_seconds, keeps_order, is_watched })
    }
}

impl Permit for PostIn {
    type Target = RoomId;
    const SCOPE: Scope = Scope::Send;

    fn check(conn: &mut Conn, actor: &Actor, room: RoomId) -> Result<Self> {
        Self::of(&Stand::of(conn, actor, room)?, actor)
    }

    fn check_command(tx: &mut Tx<'_>, actor: &Actor, room: RoomId) -> Result<Self> {
        Self::of(&Stand::recalled(tx, actor, room)?, actor)
    }
}

/// Whom this author may call together in a room, for the look of what they write; [`PostIn`] is asked again when it is written.
pub fn calls_of(conn: &mut Conn, actor: &Actor, room: RoomId, shows_presence: bool) -> Calls {
    let many = PostIn::check(conn, actor, room).is_ok_and(|may| may.may_call());
    Calls { many, here: many && shows_presence }
}

/// Wants to write in a room. Whether they may is asked with [`PostIn`] once it is known that the key is new: an answer that was given
/// is given again, also to somebody who has left since.
#[derive(Debug)]
pub struct SayIn {
    room: RoomId,
}

impl SayIn {
    /// The room.
    pub const fn room(&self) -> RoomId {
        self.room
    }
}

impl Permit for SayIn {
    type Target = RoomId;
    const SCOPE: Scope = Scope::Send;

    fn check(_: &mut Conn, actor: &Actor, room: RoomId) -> Result<Self> {
        actor.signed_in()?;
        Ok(Self { room })
    }
}
