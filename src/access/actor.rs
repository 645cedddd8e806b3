//! Who asks: a member through a session or token, nobody, or the program itself.

use std::net::IpAddr;

use super::{Permission, Permissions, Scope, Scopes, Visitor};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MemberId, SessionId};
use crate::storage::{Conn, Tx};

/// Why the program acts by itself; ends up in the audit log.
pub type Reason = &'static str;

/// Who asks for something, as the database knew it a moment ago, on the connection that then acts.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The member, if one is signed in and active.
    pub member: Option<MemberId>,
    /// Their session.
    pub session: Option<SessionId>,
    /// When that session began.
    pub signed_in_at: Millis,
    /// Everything that their roles allow.
    pub permissions: Permissions,
    /// What their session or token may be used for.
    pub scopes: Scopes,
    /// Until when they may not write.
    pub muted_until: Option<Millis>,
    /// Where they come from.
    pub address: Option<IpAddr>,
    /// The time of asking.
    pub now: Millis,
}

impl Actor {
    /// Nobody in particular.
    #[must_use]
    pub const fn stranger(address: Option<IpAddr>, now: Millis) -> Self {
        Self {
            member: None,
            session: None,
            signed_in_at: 0,
            permissions: Permissions::NONE,
            scopes: Scopes::NONE,
            muted_until: None,
            address,
            now,
        }
    }

    /// The signed-in member.
    ///
    /// # Errors
    /// [`Error::SignIn`] when there is none.
    pub fn signed_in(&self) -> Result<MemberId> {
        self.member.ok_or(Error::SignIn)
    }

    /// The signed-in member, if their roles allow this.
    ///
    /// # Errors
    /// [`Error::SignIn`], or a refusal with `access.not_allowed`.
    pub fn allowed(&self, permission: Permission) -> Result<MemberId> {
        let member = self.signed_in()?;
        if self.permissions.has(permission) { Ok(member) } else { Err(Error::forbidden("access.not_allowed")) }
    }

    /// Refuses a token that was not made for this.
    ///
    /// # Errors
    /// A refusal with `access.scope`.
    pub const fn check_scope(&self, scope: Scope) -> Result<()> {
        if self.member.is_none() || self.scopes.has(scope) { Ok(()) } else { Err(Error::forbidden("access.scope")) }
    }

    /// Is this member muted now?
    #[must_use]
    pub fn is_muted(&self) -> bool {
        self.muted_until.is_some_and(|until| until > self.now)
    }
}

/// Finds the actor behind a request; implemented by the slice that keeps sessions.
pub trait Authenticator: Send + Sync + 'static {
    /// Who this visitor is now: a stranger when the credential is unknown, over, or its member is not active.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn actor(&self, conn: &mut Conn, visitor: &Visitor, now: Millis) -> Result<Actor>;

    /// Who the member of this session is now; the session of a live connection, asked again for each command: a stranger once
    /// the session is over or its member no longer active.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn actor_of_session(&self, conn: &mut Conn, session: SessionId, address: Option<IpAddr>, now: Millis) -> Result<Actor>;

    /// The same inside a command's write, where it is recalled while nobody has changed it.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn actor_of_command(&self, tx: &mut Tx<'_>, session: SessionId, address: Option<IpAddr>) -> Result<Actor> {
        let now = tx.now();
        self.actor_of_session(tx, session, address, now)
    }
}
