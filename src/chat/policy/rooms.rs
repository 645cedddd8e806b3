//! Rooms: who finds, reads, makes and changes them, and who is in them.

use super::stand::{Stand, must_not_be_muted};
use crate::access::{Actor, Permission, Permit, Scope};
use crate::chat::model::{RoomKind, RoomRole, RoomRow};
use crate::error::{Error, Result};
use crate::ids::{MemberId, RoomId};
use crate::live::Seq;
use crate::storage::Conn;

/// A member is signed in: what concerns nobody else.
#[derive(Debug)]
pub struct SeeOwnRooms {
    member: MemberId,
}

impl SeeOwnRooms {
    /// Who.
    pub const fn member(&self) -> MemberId {
        self.member
    }
}

impl Permit for SeeOwnRooms {
    type Target = ();
    const SCOPE: Scope = Scope::Read;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        Ok(Self { member: actor.signed_in()? })
    }
}

/// May make rooms; which kinds is asked with [`MakeRoom::of_kind`].
#[derive(Debug)]
pub struct MakeRoom {
    member: MemberId,
    manages: bool,
    public: bool,
    private: bool,
    direct: bool,
}

impl MakeRoom {
    /// Who makes it.
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// Do they make as many as they need?
    pub const fn is_free_of_limits(&self) -> bool {
        self.manages
    }

    /// May they make a room of this kind?
    ///
    /// # Errors
    /// 403 `access.not_allowed`.
    pub const fn of_kind(&self, kind: RoomKind) -> Result<()> {
        let allowed = match kind {
            RoomKind::Public | RoomKind::Announcement => self.public,
            RoomKind::Private => self.private,
            RoomKind::Direct | RoomKind::Group => self.direct,
        };
        if allowed { Ok(()) } else { Err(Error::forbidden("access.not_allowed")) }
    }
}

impl Permit for MakeRoom {
    type Target = ();
    const SCOPE: Scope = Scope::Rooms;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        let member = actor.signed_in()?;
        must_not_be_muted(actor)?;
        let may = |permission| actor.permissions.has(permission);
        Ok(Self {
            member,
            manages: may(Permission::RoomsManage),
            public: may(Permission::RoomsCreate),
            private: may(Permission::RoomsCreatePrivate),
            direct: may(Permission::MessageDirect),
        })
    }
}

/// May read a room: its members, and everyone for open rooms.
#[derive(Debug)]
pub struct ReadRoom {
    room: RoomRow,
    member: MemberId,
    floor: Seq,
    joined: Seq,
}

impl ReadRoom {
    /// The head when they came; 0 for somebody who is not in it.
    pub const fn joined(&self) -> Seq {
        self.joined
    }

    /// The room.
    pub const fn room(&self) -> RoomId {
        self.room.id
    }

    /// Its row.
    pub const fn row(&self) -> &RoomRow {
        &self.room
    }

    /// Who reads.
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// Messages at or below this place are not theirs to see.
    pub const fn floor(&self) -> Seq {
        self.floor
    }
}

impl Permit for ReadRoom {
    type Target = RoomId;
    const SCOPE: Scope = Scope::Read;

    fn check(conn: &mut Conn, actor: &Actor, room: RoomId) -> Result<Self> {
        let stand = Stand::of(conn, actor, room)?;
        let joined = stand.place.map_or(0, |place| place.joined_seq);
        Ok(Self { floor: stand.floor(), joined, member: stand.member, room: stand.room })
    }
}

/// Is in a room: read marks, own level, leaving.
#[derive(Debug)]
pub struct BeIn {
    room: RoomId,
    member: MemberId,
    floor: Seq,
}

impl BeIn {
    /// What is at or below this place is not for them.
    pub const fn floor(&self) -> Seq {
        self.floor
    }

    /// The room.
    pub const fn room(&self) -> RoomId {
        self.room
    }

    /// Who.
    pub const fn member(&self) -> MemberId {
        self.member
    }
}

impl Permit for BeIn {
    type Target = RoomId;
    const SCOPE: Scope = Scope::Send;

    fn check(conn: &mut Conn, actor: &Actor, room: RoomId) -> Result<Self> {
        let stand = Stand::of(conn, actor, room)?;
        stand.must_be_in()?;
        Ok(Self { room, member: stand.member, floor: stand.floor() })
    }
}

/// May change a room: who leads it, and everyone in a group conversation.
#[derive(Debug)]
pub struct ChangeRoom {
    room: RoomRow,
    member: MemberId,
    by_office: bool,
    keeps: bool,
}

impl ChangeRoom {
    /// Do they keep all rooms in order, and so this one?
    pub const fn keeps(&self) -> bool {
        self.keeps
    }

    /// The room as it was a moment ago.
    pub const fn row(&self) -> &RoomRow {
        &self.room
    }

    /// Who.
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// Do they act as an administrator rather than as somebody in the room? Then it goes into the audit log.
    pub const fn by_office(&self) -> bool {
        self.by_office
    }
}

impl Permit for ChangeRoom {
    type Target = RoomId;
    const SCOPE: Scope = Scope::Rooms;

    fn check(conn: &mut Conn, actor: &Actor, room: RoomId) -> Result<Self> {
        let stand = Stand::of_kept(conn, actor, room)?;
        let in_group = stand.kind == RoomKind::Group && stand.place.is_some();
        if stand.kind == RoomKind::Direct || !(in_group || stand.leads(actor)) {
            return Err(Error::forbidden("access.not_allowed"));
        }
        let leads_room = matches!(stand.role(), Some(RoomRole::Moderator | RoomRole::Owner));
        Ok(Self { by_office: !leads_room && !in_group, keeps: stand.keeps(actor), member: stand.member, room: stand.room })
    }
}

/// May see every room as an administrator.
#[derive(Debug)]
pub struct OverseeRooms(());

impl Permit for OverseeRooms {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        actor.allowed(Permission::RoomsManage).map(|_| Self(()))
    }
}
