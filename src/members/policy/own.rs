//! Permits over one's own account, sessions and tokens.

use diesel::prelude::*;

use crate::access::{Actor, Permit, Scope, Scopes};
use crate::error::{Found, Result};
use crate::ids::{MemberId, SessionId};
use crate::members::model::SessionKind;
use crate::storage::Conn;
use crate::storage::schema::sessions;

/// A signed-in member reads what is theirs.
#[derive(Debug)]
pub struct SeeMe {
    member: MemberId,
}

/// A signed-in member changes what is theirs.
#[derive(Debug)]
pub struct ChangeMe {
    member: MemberId,
    scopes: Scopes,
}

impl Permit for SeeMe {
    type Target = ();
    const SCOPE: Scope = Scope::Read;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        Ok(Self { member: actor.signed_in()? })
    }
}

impl SeeMe {
    /// Who.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }
}

impl Permit for ChangeMe {
    type Target = ();
    const SCOPE: Scope = Scope::Account;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        Ok(Self { member: actor.signed_in()?, scopes: actor.scopes })
    }
}

impl ChangeMe {
    /// Who.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// What they ask with may itself be used for: a token made with it gets no more.
    #[must_use]
    pub const fn scopes(&self) -> Scopes {
        self.scopes
    }
}

/// A member ends a session or token of theirs.
#[derive(Debug)]
pub struct EndMine {
    member: MemberId,
    session: SessionId,
    kind: SessionKind,
}

impl Permit for EndMine {
    type Target = SessionId;
    const SCOPE: Scope = Scope::Account;

    fn check(conn: &mut Conn, actor: &Actor, session: SessionId) -> Result<Self> {
        let member = actor.signed_in()?;
        let kind =
            sessions::table.find(session.0).filter(sessions::member.eq(member.0)).select(sessions::kind).first(conn).optional()?.found()?;
        Ok(Self { member, session, kind: SessionKind::from_number(kind) })
    }
}

impl EndMine {
    /// Who.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// Which.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// Is it an API token?
    #[must_use]
    pub fn is_token(&self) -> bool {
        self.kind == SessionKind::Token
    }
}
