//! Who may do what in which room. The only place that decides it; every permit here is made by looking at rows.

use diesel::prelude::*;

use super::model::{Calls, History, MessageRow, PlaceRow, RoomKind, RoomRole, RoomRow};
use crate::access::{Actor, Permission, Permit, Scope};
use crate::error::{Error, Found, RefusalKind, Result};
use crate::ids::{MemberId, MessageId, RoomId};
use crate::live::Seq;
use crate::storage::Conn;
use crate::storage::schema::{messages, room_members, rooms};

/// A room as one member stands towards it.
struct Stand {
    room: RoomRow,
    kind: RoomKind,
    member: MemberId,
    place: Option<PlaceRow>,
}

impl Stand {
    /// Without asking whether the room may be seen.
    fn unseen(conn: &mut Conn, actor: &Actor, room: RoomId) -> Result<Self> {
        let member = actor.signed_in()?;
        let (room, place) = rooms::table
            .left_join(room_members::table.on(room_members::room.eq(rooms::id).and(room_members::member.eq(member.0))))
            .filter(rooms::id.eq(room.0))
            .select((RoomRow::as_select(), Option::<PlaceRow>::as_select()))
            .first::<(RoomRow, Option<PlaceRow>)>(conn)
            .optional()?
            .found()?;
        let kind = RoomKind::from_number(room.kind)?;
        Ok(Self { room, kind, member, place })
    }

    /// A room that may not be seen answers like one that does not exist.
    fn of(conn: &mut Conn, actor: &Actor, room: RoomId) -> Result<Self> {
        let stand = Self::unseen(conn, actor, room)?;
        if stand.place.is_none() && !stand.kind.is_open() { Err(Error::NotFound) } else { Ok(stand) }
    }

    /// The same for those who keep rooms in order: they reach every room that is no conversation.
    fn of_kept(conn: &mut Conn, actor: &Actor, room: RoomId) -> Result<Self> {
        let stand = Self::unseen(conn, actor, room)?;
        let keeps = !stand.kind.is_conversation() && actor.permissions.has(Permission::RoomsManage);
        if stand.place.is_none() && !stand.kind.is_open() && !keeps { Err(Error::NotFound) } else { Ok(stand) }
    }

    fn role(&self) -> Option<RoomRole> {
        self.place.and_then(|place| RoomRole::from_number(place.role).ok())
    }

    /// The place after which this member may see messages.
    fn floor(&self) -> Seq {
        match self.place {
            Some(place) if self.room.history == History::SinceJoin.number() => place.joined_seq,
            _ => 0,
        }
    }

    fn leads(&self, actor: &Actor) -> bool {
        let leads_room = matches!(self.role(), Some(RoomRole::Moderator | RoomRole::Owner));
        leads_room || (!self.kind.is_conversation() && actor.permissions.has(Permission::RoomsManage))
    }

    fn must_be_in(&self) -> Result<&PlaceRow> {
        self.place.as_ref().ok_or(Error::forbidden("chat.not_a_member"))
    }

    /// Does history start at joining, and did somebody come after this place?
    fn hides_from_newest(&self, conn: &mut Conn, seq: Seq) -> Result<bool> {
        if self.room.history != History::SinceJoin.number() {
            return Ok(false);
        }
        let newest = room_members::table.filter(room_members::room.eq(self.room.id.0)).select(diesel::dsl::max(room_members::joined_seq));
        Ok(newest.first::<Option<Seq>>(conn)?.is_some_and(|joined| joined >= seq))
    }

    const fn must_be_alive(&self) -> Result<()> {
        if self.room.archived_at.is_some() { Err(Error::forbidden("chat.archived")) } else { Ok(()) }
    }
}

/// The role that a member has in a room.
fn role_in(conn: &mut Conn, room: RoomId, member: MemberId) -> Result<Option<RoomRole>> {
    let role = room_members::table.find((room.0, member.0)).select(room_members::role).first::<i16>(conn).optional()?;
    role.map(RoomRole::from_number).transpose()
}

fn must_not_be_muted(actor: &Actor) -> Result<()> {
    if actor.is_muted() { Err(Error::forbidden("chat.muted")) } else { Ok(()) }
}

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
}

impl ReadRoom {
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
        Ok(Self { floor: stand.floor(), member: stand.member, room: stand.room })
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

/// May write in a room.
#[derive(Debug)]
pub struct PostIn {
    room: RoomId,
    member: MemberId,
    floor: Seq,
    may_call: bool,
}

impl PostIn {
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

    /// Do `@room`, `@here` and the names of roles reach anybody?
    pub const fn may_call(&self) -> bool {
        self.may_call
    }
}

impl Permit for PostIn {
    type Target = RoomId;
    const SCOPE: Scope = Scope::Send;

    fn check(conn: &mut Conn, actor: &Actor, room: RoomId) -> Result<Self> {
        let stand = Stand::of(conn, actor, room)?;
        stand.must_be_in()?;
        stand.must_be_alive()?;
        must_not_be_muted(actor)?;
        let leads = stand.leads(actor);
        if stand.kind == RoomKind::Announcement && !leads && !actor.permissions.has(Permission::Announce) {
            return Err(Error::forbidden("chat.announcements_only"));
        }
        let may_call = leads || stand.kind.is_conversation() || actor.permissions.has(Permission::MentionRoom);
        Ok(Self { room, member: stand.member, floor: stand.floor(), may_call })
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

/// A message as somebody who may see it stands towards it.
fn message(conn: &mut Conn, stand: &Stand, id: MessageId) -> Result<MessageRow> {
    messages::table
        .filter(messages::id.eq(id.0))
        .filter(messages::room.eq(stand.room.id.0))
        .filter(messages::seq.gt(stand.floor()))
        .select(MessageRow::as_select())
        .first(conn)
        .optional()?
        .found()
}

macro_rules! message_permit {
    ($(#[$doc:meta])* $name:ident, $scope:ident, |$conn:ident, $stand:ident, $actor:ident, $message:ident| $check:block) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            message: MessageRow,
            member: MemberId,
        }

        impl $name {
            /// The message as it was a moment ago.
            pub const fn message(&self) -> &MessageRow { &self.message }

            /// Who acts.
            pub const fn member(&self) -> MemberId { self.member }
        }

        impl Permit for $name {
            type Target = (RoomId, MessageId);
            const SCOPE: Scope = Scope::$scope;

            fn check($conn: &mut Conn, $actor: &Actor, (room, id): (RoomId, MessageId)) -> Result<Self> {
                let $stand = Stand::of($conn, $actor, room)?;
                let $message = message($conn, &$stand, id)?;
                let checked: Result<()> = $check;
                checked?;
                Ok(Self { member: $stand.member, message: $message })
            }
        }
    };
}

/// May see a message.
#[derive(Debug)]
pub struct ReadMessage {
    message: MessageRow,
}

impl ReadMessage {
    /// The message.
    pub const fn message(&self) -> &MessageRow {
        &self.message
    }
}

impl Permit for ReadMessage {
    type Target = (RoomId, MessageId);
    const SCOPE: Scope = Scope::Read;

    fn check(conn: &mut Conn, actor: &Actor, (room, id): (RoomId, MessageId)) -> Result<Self> {
        let stand = Stand::of(conn, actor, room)?;
        Ok(Self { message: message(conn, &stand, id)? })
    }
}

message_permit! {
    /// May change a message: its author, while they may write there.
    ChangeMessage, Send, |conn, stand, actor, message| {
        stand.must_be_in()?;
        stand.must_be_alive()?;
        must_not_be_muted(actor)?;
        if message.author != stand.member {
            Err(Error::forbidden("chat.not_yours"))
        } else if message.deleted_at.is_some() {
            Err(Error::refused(RefusalKind::Gone, "chat.deleted"))
        } else if stand.hides_from_newest(conn, message.seq)? {
            // Everyone in the room hears of an edit, also those who came after the message.
            Err(Error::forbidden("chat.before_somebody"))
        } else {
            Ok(())
        }
    }
}

message_permit! {
    /// May delete a message: its author, who leads the room, and moderators where they are members.
    RemoveMessage, Send, |_conn, stand, actor, message| {
        let moderates = !stand.kind.is_conversation() && actor.permissions.has(Permission::MessagesModerate);
        if message.author == stand.member || moderates || (stand.kind != RoomKind::Direct && stand.leads(actor)) {
            Ok(())
        } else {
            Err(Error::forbidden("chat.not_yours"))
        }
    }
}

message_permit! {
    /// May pin and unpin: who leads the room, moderators, and everyone in a conversation.
    PinMessage, Send, |_conn, stand, actor, message| {
        stand.must_be_in()?;
        stand.must_be_alive()?;
        let moderates = actor.permissions.has(Permission::MessagesModerate);
        if message.deleted_at.is_some() {
            Err(Error::refused(RefusalKind::Gone, "chat.deleted"))
        } else if stand.kind.is_conversation() || moderates || stand.leads(actor) {
            Ok(())
        } else {
            Err(Error::forbidden("access.not_allowed"))
        }
    }
}

message_permit! {
    /// May react to a message.
    ReactTo, Send, |conn, stand, actor, message| {
        stand.must_be_in()?;
        stand.must_be_alive()?;
        must_not_be_muted(actor)?;
        if message.deleted_at.is_some() {
            Err(Error::refused(RefusalKind::Gone, "chat.deleted"))
        } else if stand.hides_from_newest(conn, message.seq)? {
            // Everyone in the room hears of a reaction, also those who came after the message.
            Err(Error::forbidden("chat.before_somebody"))
        } else {
            Ok(())
        }
    }
}

/// May change a room: who leads it, and everyone in a group conversation.
#[derive(Debug)]
pub struct ChangeRoom {
    room: RoomRow,
    member: MemberId,
    by_office: bool,
}

impl ChangeRoom {
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
        Ok(Self { by_office: !leads_room && !in_group, member: stand.member, room: stand.room })
    }
}

/// May put a member into a room: themselves into an open one, others for who leads it or is in the group.
#[derive(Debug)]
pub struct AddToRoom {
    room: RoomRow,
    actor: MemberId,
    member: MemberId,
}

impl AddToRoom {
    /// The room.
    pub const fn row(&self) -> &RoomRow {
        &self.room
    }

    /// Who adds.
    pub const fn actor(&self) -> MemberId {
        self.actor
    }

    /// Who is added.
    pub const fn member(&self) -> MemberId {
        self.member
    }
}

impl Permit for AddToRoom {
    type Target = (RoomId, MemberId);
    const SCOPE: Scope = Scope::Rooms;

    fn check(conn: &mut Conn, actor: &Actor, (room, member): (RoomId, MemberId)) -> Result<Self> {
        let stand = Stand::of(conn, actor, room)?;
        stand.must_be_alive()?;
        let themselves = member == stand.member;
        let allowed = match stand.kind {
            RoomKind::Public | RoomKind::Announcement => themselves || stand.place.is_some(),
            RoomKind::Private => themselves || stand.leads(actor),
            RoomKind::Group => stand.place.is_some(),
            RoomKind::Direct => themselves,
        };
        if !themselves {
            must_not_be_muted(actor)?;
        }
        if allowed { Ok(Self { room: stand.room, actor: stand.member, member }) } else { Err(Error::forbidden("access.not_allowed")) }
    }
}

/// May take a member out of a room: themselves, and others for who leads it.
#[derive(Debug)]
pub struct RemoveFromRoom {
    room: RoomRow,
    actor: MemberId,
    member: MemberId,
}

impl RemoveFromRoom {
    /// The room.
    pub const fn row(&self) -> &RoomRow {
        &self.room
    }

    /// Who removes.
    pub const fn actor(&self) -> MemberId {
        self.actor
    }

    /// Who is removed.
    pub const fn member(&self) -> MemberId {
        self.member
    }
}

impl Permit for RemoveFromRoom {
    type Target = (RoomId, MemberId);
    const SCOPE: Scope = Scope::Rooms;

    fn check(conn: &mut Conn, actor: &Actor, (room, member): (RoomId, MemberId)) -> Result<Self> {
        let stand = Stand::of(conn, actor, room)?;
        let themselves = member == stand.member;
        if stand.kind == RoomKind::Direct {
            return Err(Error::forbidden("chat.cannot_leave"));
        }
        let manages = !stand.kind.is_conversation() && actor.permissions.has(Permission::RoomsManage);
        if !themselves && !manages && stand.role() != Some(RoomRole::Owner) && role_in(conn, room, member)? == Some(RoomRole::Owner) {
            return Err(Error::forbidden("access.not_allowed"));
        }
        let moderates = actor.permissions.has(Permission::Moderate) && !stand.kind.is_conversation();
        if themselves || stand.leads(actor) || moderates {
            Ok(Self { room: stand.room, actor: stand.member, member })
        } else {
            Err(Error::forbidden("access.not_allowed"))
        }
    }
}

/// May give roles within a room: its owners, and administrators of rooms.
#[derive(Debug)]
pub struct LeadRoom {
    room: RoomId,
    actor: MemberId,
    member: MemberId,
}

impl LeadRoom {
    /// The room.
    pub const fn room(&self) -> RoomId {
        self.room
    }

    /// Who gives.
    pub const fn actor(&self) -> MemberId {
        self.actor
    }

    /// Who is given the role.
    pub const fn member(&self) -> MemberId {
        self.member
    }
}

impl Permit for LeadRoom {
    type Target = (RoomId, MemberId);
    const SCOPE: Scope = Scope::Rooms;

    fn check(conn: &mut Conn, actor: &Actor, (room, member): (RoomId, MemberId)) -> Result<Self> {
        let stand = Stand::of(conn, actor, room)?;
        let by_office = !stand.kind.is_conversation() && actor.permissions.has(Permission::RoomsManage);
        if stand.kind == RoomKind::Direct || !(stand.role() == Some(RoomRole::Owner) || by_office) {
            return Err(Error::forbidden("access.not_allowed"));
        }
        Ok(Self { room, actor: stand.member, member })
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
