//! Who may begin a call, be in one, host one, and look at those of everybody. The only place that makes the slice's permits.

use actix_web::HttpRequest;
use diesel::prelude::*;

use super::board::{Board, Voice};
use super::model::{CallKind, CallRole};
use crate::access::{Actor, Permission, Permit, Scope, Target};
use crate::chat::{RoomKind, RoomRole};
use crate::clock::Millis;
use crate::error::{Error, Found, RefusalKind, Result};
use crate::ids::{CallId, MemberId, RoomId};
use crate::members::MemberState;
use crate::storage::schema::{call_people, calls, members, room_members, rooms};
use crate::storage::{Conn, hold_room};

/// Whom or where somebody wants to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// One member.
    Member(MemberId),
    /// A group conversation, or a room with voice.
    Room(RoomId),
}

impl Target for Whom {
    fn from_path(_: &HttpRequest) -> Result<Self> {
        Err(Error::NotFound)
    }

    fn take_turn(&self, conn: &mut Conn) -> Result<()> {
        match self {
            Self::Member(_) => Ok(()),
            Self::Room(room) => hold_room(conn, *room),
        }
    }
}

/// A room as a call stands to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomStand {
    /// Which.
    pub room: RoomId,
    /// Is it a group conversation? Otherwise a place with voice.
    pub is_group: bool,
    /// Does the member lead it?
    pub leads: bool,
}

/// The room in which a member is, if one may call there.
fn stand(conn: &mut Conn, actor: &Actor, member: MemberId, room: RoomId) -> Result<RoomStand> {
    let (kind, voice, archived) = rooms::table
        .find(room.0)
        .select((rooms::kind, rooms::voice, rooms::archived_at))
        .first::<(i16, bool, Option<Millis>)>(conn)
        .optional()?
        .found()?;
    let kind = RoomKind::from_number(kind)?;
    let role = room_members::table.find((room.0, member.0)).select(room_members::role).first::<i16>(conn).optional()?;
    let Some(role) = role else {
        return Err(if matches!(kind, RoomKind::Public | RoomKind::Announcement) {
            Error::forbidden("chat.not_a_member")
        } else {
            Error::NotFound
        });
    };
    if archived.is_some() {
        return Err(Error::forbidden("chat.archived"));
    }
    let is_group = kind == RoomKind::Group;
    if !is_group && (!voice || kind == RoomKind::Direct) {
        return Err(Error::conflict("calls.no_voice"));
    }
    let leads = !is_group && (role != RoomRole::Member.number() || actor.permissions.has(Permission::RoomsManage));
    Ok(RoomStand { room, is_group, leads })
}

/// May try to call somebody, or in a room. Whether their plan lets them is asked where the call begins.
#[derive(Debug)]
pub struct StartCall {
    member: MemberId,
    whom: Whom,
    room: Option<RoomStand>,
}

impl Permit for StartCall {
    type Target = Whom;
    const SCOPE: Scope = Scope::Send;

    fn check(conn: &mut Conn, actor: &Actor, whom: Whom) -> Result<Self> {
        let member = actor.signed_in()?;
        if actor.is_muted() {
            return Err(Error::forbidden("chat.muted"));
        }
        let room = match whom {
            Whom::Room(room) => Some(stand(conn, actor, member, room)?),
            Whom::Member(other) if other == member => return Err(Error::conflict("calls.yourself")),
            Whom::Member(other) => {
                let state = members::table.find(other.0).select(members::state).first::<i16>(conn).optional()?.found()?;
                match MemberState::from_number(state) {
                    MemberState::Active => None,
                    MemberState::Pending => return Err(Error::NotFound),
                    MemberState::Banned | MemberState::Deleted => return Err(Error::conflict("calls.not_there")),
                }
            }
        };
        Ok(Self { member, whom, room })
    }
}

impl StartCall {
    /// Who.
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// Whom, or where.
    pub const fn whom(&self) -> Whom {
        self.whom
    }

    /// The room.
    pub const fn room(&self) -> Option<RoomStand> {
        self.room
    }

    /// What sort of call it becomes.
    pub const fn kind(&self) -> CallKind {
        match self.room {
            None => CallKind::Direct,
            Some(RoomStand { is_group: true, .. }) => CallKind::Group,
            Some(_) => CallKind::Room,
        }
    }
}

/// A call that concerns a member: it rang for them, they were in it, or it is of a room of theirs.
#[derive(Debug)]
pub struct TakePart {
    call: CallId,
    member: MemberId,
    room: Option<RoomStand>,
    has_ended: bool,
}

type CallRow = (Option<i64>, i64, Option<Millis>);

fn take_part(conn: &mut Conn, actor: &Actor, call: CallId) -> Result<TakePart> {
    let member = actor.signed_in()?;
    let (room, starter, ended_at) =
        calls::table.find(call.0).select((calls::room, calls::starter, calls::ended_at)).first::<CallRow>(conn).optional()?.found()?;
    let room = match room.map(RoomId) {
        Some(room) => match stand(conn, actor, member, room) {
            Ok(stand) => Some(stand),
            Err(Error::Broken(broken)) => return Err(Error::Broken(broken)),
            Err(_) => None,
        },
        None => None,
    };
    // Who is called without being told of it knows of no such call.
    let person = call_people::table.find((call.0, member.0)).filter(call_people::listed.or(call_people::rung));
    let is_told = person.select(call_people::call).first::<i64>(conn).optional()?.is_some();
    if room.is_none() && starter != member.0 && !is_told {
        return Err(Error::NotFound);
    }
    Ok(TakePart { call, member, room, has_ended: ended_at.is_some() })
}

impl Permit for TakePart {
    type Target = CallId;
    const SCOPE: Scope = Scope::Send;

    fn check(conn: &mut Conn, actor: &Actor, call: CallId) -> Result<Self> {
        take_part(conn, actor, call)
    }
}

impl TakePart {
    /// The call.
    pub const fn call(&self) -> CallId {
        self.call
    }

    /// Who.
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// How they stand to its room.
    pub const fn room(&self) -> Option<RoomStand> {
        self.room
    }

    /// It must go on.
    ///
    /// # Errors
    /// 410 `calls.over`.
    pub const fn must_go_on(&self) -> Result<()> {
        if self.has_ended { Err(Error::refused(RefusalKind::Gone, "calls.over")) } else { Ok(()) }
    }
}

/// Speaks from the place in a call that a connection holds. The place is taken away the moment its member may not be there any more: signed
/// out, banned, out of the room, removed.
#[derive(Clone, Copy, Debug)]
pub struct InCall {
    call: CallId,
    voice: Voice,
}

impl InCall {
    /// Asks the board.
    ///
    /// # Errors
    /// 409 `calls.not_in_call`, whether there is such a call or not.
    pub fn check(board: &Board, call: CallId, voice: Voice) -> Result<Self> {
        let is_held = board.call(call).is_some_and(|live| live.is_held_by(voice));
        if is_held { Ok(Self { call, voice }) } else { Err(Error::conflict("calls.not_in_call")) }
    }

    /// The call.
    pub const fn call(&self) -> CallId {
        self.call
    }

    /// Who, on which connection.
    pub const fn voice(&self) -> Voice {
        self.voice
    }
}

/// Reads a call in one's own list.
#[derive(Debug)]
pub struct SeeCall(TakePart);

impl Permit for SeeCall {
    type Target = CallId;
    const SCOPE: Scope = Scope::Read;

    fn check(conn: &mut Conn, actor: &Actor, call: CallId) -> Result<Self> {
        take_part(conn, actor, call).map(Self)
    }
}

impl SeeCall {
    /// The call.
    pub const fn call(&self) -> CallId {
        self.0.call
    }

    /// Who.
    pub const fn member(&self) -> MemberId {
        self.0.member
    }
}

/// Hosts a call: it is theirs, they were made a host, or they lead its room.
#[derive(Debug)]
pub struct HostCall {
    call: CallId,
    member: MemberId,
}

impl Permit for HostCall {
    type Target = CallId;
    const SCOPE: Scope = Scope::Send;

    fn check(conn: &mut Conn, actor: &Actor, call: CallId) -> Result<Self> {
        let part = take_part(conn, actor, call)?;
        part.must_go_on()?;
        let role = call_people::table.find((call.0, part.member.0)).select((call_people::role, call_people::removed));
        let role = role.first::<(i16, bool)>(conn).optional()?;
        let is_host = role == Some((CallRole::Host.number(), false));
        if is_host || part.room.is_some_and(|room| room.leads) {
            Ok(Self { call, member: part.member })
        } else {
            Err(Error::forbidden("calls.not_host"))
        }
    }
}

impl HostCall {
    /// The call.
    pub const fn call(&self) -> CallId {
        self.call
    }

    /// Who.
    pub const fn member(&self) -> MemberId {
        self.member
    }
}

/// A member's own list of calls.
#[derive(Debug)]
pub struct SeeMyCalls(MemberId);

impl Permit for SeeMyCalls {
    type Target = ();
    const SCOPE: Scope = Scope::Read;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        actor.signed_in().map(Self)
    }
}

impl SeeMyCalls {
    /// Who.
    pub const fn member(&self) -> MemberId {
        self.0
    }
}

/// A member tries whether calls reach them, in an echo of their own. It calls nobody, so everybody who is here may.
#[derive(Debug)]
pub struct CheckCalls(MemberId);

impl Permit for CheckCalls {
    type Target = ();
    const SCOPE: Scope = Scope::Send;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        actor.signed_in().map(Self)
    }
}

impl CheckCalls {
    /// Who.
    pub const fn member(&self) -> MemberId {
        self.0
    }
}

/// A member has seen what they missed.
#[derive(Debug)]
pub struct MarkMyCalls(MemberId);

impl Permit for MarkMyCalls {
    type Target = ();
    const SCOPE: Scope = Scope::Account;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        actor.signed_in().map(Self)
    }
}

impl MarkMyCalls {
    /// Who.
    pub const fn member(&self) -> MemberId {
        self.0
    }
}

/// Looks at the calls of everybody, as an operator: who, when, how well; never what was said, never an address.
#[derive(Debug)]
pub struct OverseeCalls(());

impl Permit for OverseeCalls {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        actor.allowed(Permission::SettingsManage).map(|_| Self(()))
    }
}

/// Ends anybody's call, or turns off what somebody sends into it, as an operator.
#[derive(Debug)]
pub struct ModerateAnyCall {
    call: CallId,
    member: MemberId,
}

impl Permit for ModerateAnyCall {
    type Target = CallId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, call: CallId) -> Result<Self> {
        let member = actor.allowed(Permission::SettingsManage)?;
        calls::table.find(call.0).select(calls::id).first::<i64>(conn).optional()?.found()?;
        Ok(Self { call, member })
    }
}

impl ModerateAnyCall {
    /// Which.
    pub const fn call(&self) -> CallId {
        self.call
    }

    /// Who.
    pub const fn member(&self) -> MemberId {
        self.member
    }
}
