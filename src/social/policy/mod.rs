//! Who may do what among people. The only place that makes the slice's permits.

mod reports;

use diesel::prelude::*;

pub use reports::{HandleReport, MakeReport, SeeReports};

use super::model::RequestRow;
use crate::access::{Actor, Permit, Scope};
use crate::error::{Error, Found, Result};
use crate::ids::{MemberId, RequestId};
use crate::members::MemberState;
use crate::storage::Conn;
use crate::storage::schema::{members, requests};

/// A signed-in member sees their own lists, their inbox and their reach.
#[derive(Debug)]
pub struct SeeMine {
    member: MemberId,
}

impl Permit for SeeMine {
    type Target = ();
    const SCOPE: Scope = Scope::Read;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        Ok(Self { member: actor.signed_in()? })
    }
}

impl SeeMine {
    /// Who.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }
}

/// A signed-in member says who may reach them.
#[derive(Debug)]
pub struct ChangeReach {
    member: MemberId,
}

impl Permit for ChangeReach {
    type Target = ();
    const SCOPE: Scope = Scope::Account;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        Ok(Self { member: actor.signed_in()? })
    }
}

impl ChangeReach {
    /// Who.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }
}

/// Where somebody else stands; those who still wait to be let in are not there yet.
fn state_of(conn: &mut Conn, member: MemberId) -> Result<MemberState> {
    let state = members::table.find(member.0).select(members::state).first::<i16>(conn).optional()?.found()?;
    match MemberState::from_number(state) {
        MemberState::Pending => Err(Error::NotFound),
        state => Ok(state),
    }
}

/// A member sees somebody as they stand to each other.
#[derive(Debug)]
pub struct SeePerson {
    member: MemberId,
    other: MemberId,
}

impl Permit for SeePerson {
    type Target = MemberId;
    const SCOPE: Scope = Scope::Read;

    fn check(conn: &mut Conn, actor: &Actor, other: MemberId) -> Result<Self> {
        let member = actor.signed_in()?;
        state_of(conn, other)?;
        Ok(Self { member, other })
    }
}

impl SeePerson {
    /// Who looks.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// At whom.
    #[must_use]
    pub const fn other(&self) -> MemberId {
        self.other
    }
}

/// A member says how they stand to somebody else: contact, follow, block, mute, lists, note.
#[derive(Debug)]
pub struct RelateTo {
    member: MemberId,
    other: MemberId,
    state: MemberState,
}

impl Permit for RelateTo {
    type Target = MemberId;
    const SCOPE: Scope = Scope::Account;

    fn check(conn: &mut Conn, actor: &Actor, other: MemberId) -> Result<Self> {
        let member = actor.signed_in()?;
        let state = state_of(conn, other)?;
        if member == other {
            return Err(Error::conflict("social.yourself"));
        }
        Ok(Self { member, other, state })
    }
}

impl RelateTo {
    /// Who.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// To whom.
    #[must_use]
    pub const fn other(&self) -> MemberId {
        self.other
    }

    /// Can the other be asked for something?
    ///
    /// # Errors
    /// `social.not_there` when they are banned or deleted.
    pub const fn must_be_there(&self) -> Result<()> {
        if matches!(self.state, MemberState::Active) { Ok(()) } else { Err(Error::conflict("social.not_there")) }
    }

    /// Can anything be kept of how one stands to them?
    ///
    /// # Errors
    /// `social.not_there` when they are deleted: nothing leads to them any more.
    pub const fn must_not_be_gone(&self) -> Result<()> {
        if matches!(self.state, MemberState::Deleted) { Err(Error::conflict("social.not_there")) } else { Ok(()) }
    }
}

/// A member approaches somebody else: asks to be a contact, follows. Whoever may not write approaches nobody.
#[derive(Debug)]
pub struct Approach {
    relation: RelateTo,
}

impl Permit for Approach {
    type Target = MemberId;
    const SCOPE: Scope = Scope::Account;

    fn check(conn: &mut Conn, actor: &Actor, other: MemberId) -> Result<Self> {
        actor.signed_in()?;
        if actor.is_muted() {
            return Err(Error::forbidden("chat.muted"));
        }
        Ok(Self { relation: RelateTo::check(conn, actor, other)? })
    }
}

impl Approach {
    /// Who, and whom.
    #[must_use]
    pub const fn relation(&self) -> &RelateTo {
        &self.relation
    }
}

/// A member answers a request to them.
#[derive(Debug)]
pub struct AnswerRequest {
    request: RequestRow,
}

impl Permit for AnswerRequest {
    type Target = RequestId;
    const SCOPE: Scope = Scope::Account;

    fn check(conn: &mut Conn, actor: &Actor, request: RequestId) -> Result<Self> {
        let member = actor.signed_in()?;
        let row = requests::table.find(request.0).filter(requests::member.eq(member.0)).first::<RequestRow>(conn).optional()?.found()?;
        Ok(Self { request: row })
    }
}

impl AnswerRequest {
    /// Which, as it was a moment ago.
    #[must_use]
    pub const fn request(&self) -> &RequestRow {
        &self.request
    }
}
