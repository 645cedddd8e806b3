//! Asking again who it is: the password, before what a stolen session must not do.

use super::sign_in::{account_key, key_of};
use super::{Members, store};
use crate::access::{Actor, Credential, Ground, Permit, RateClass, Visitor};
use crate::clock::Millis;
use crate::error::{Error, Found, Result};
use crate::ids::MemberId;
use crate::members::model::{MemberRow, Password};
use crate::members::policy::ChangeMe;
use crate::storage::{Conn, Tx};

/// A member whose password was compared with what is stored.
#[derive(Clone)]
pub(super) struct Confirmed {
    pub(super) member: MemberId,
    /// The hash that it was compared with.
    pub(super) stored: Option<String>,
}

/// The actor, if they may change their own account with what they ask with.
fn admit(conn: &mut Conn, ground: &Ground, visitor: &Visitor) -> Result<(Actor, ChangeMe)> {
    let actor = ground.authenticator.actor(conn, visitor, ground.clock.now())?;
    actor.check_scope(ChangeMe::SCOPE)?;
    let may = ChangeMe::check(conn, &actor, ())?;
    Ok((actor, may))
}

/// The row of the member who asks.
pub(super) async fn my_row(ground: &Ground, visitor: &Visitor) -> Result<MemberRow> {
    let (inside, visitor) = (ground.clone(), visitor.clone());
    ground
        .db
        .read(move |conn| {
            let (_, may) = admit(conn, &inside, &visitor)?;
            store::members::by_id(conn, may.member())?.found()
        })
        .await
}

/// The key under which tries are counted: that of the browser's session, so that nobody else can use them up. Programs share one of their
/// member: a session may make as many tokens as it likes, which must not be as many tries.
fn tries_key(visitor: &Visitor, member: MemberId) -> u128 {
    match &visitor.credential {
        Some(Credential::Cookie(hash)) => key_of(hash),
        Some(Credential::Bearer(_)) | None => account_key(member),
    }
}

/// Compares a password with the member's; one who has none is known by the session alone.
///
/// # Errors
/// `members.password_wrong` on `field`; 429 after too many tries.
pub(super) async fn confirm(
    ground: &Ground,
    visitor: &Visitor,
    members: &Members,
    row: &MemberRow,
    password: &str,
    field: &'static str,
) -> Result<Confirmed> {
    if row.password.is_some() {
        let tries = tries_key(visitor, row.id);
        ground.rates.try_secret(RateClass::Confirm, tries, ground.clock.now())?;
        if !members.hasher.check(Password::tried(password), row.password.clone()).await?.is_right {
            return Err(Error::invalid(field, "members.password_wrong"));
        }
        ground.rates.forgive(RateClass::Confirm, tries);
    }
    Ok(Confirmed { member: row.id, stored: row.password.clone() })
}

/// How long ago somebody who has no password may have signed in at a browser to be believed once more, in milliseconds.
const JUST_SIGNED_IN: Millis = 10 * 60_000;

/// Asks whoever is signed in for their password once more, for what a stolen session must not do elsewhere in the program. Who has none must
/// have signed in at a browser within the last ten minutes.
///
/// # Errors
/// [`Error::SignIn`] for a stranger; `members.password_wrong` on `password`; 409 `members.password_needed`; 429 after too many tries.
pub async fn ask_again(ground: &Ground, visitor: &Visitor, members: &Members, password: &str) -> Result<()> {
    let (inside, asked) = (ground.clone(), visitor.clone());
    let read = ground.db.read(move |conn| {
        let actor = inside.authenticator.actor(conn, &asked, inside.clock.now())?;
        Ok((store::members::by_id(conn, actor.signed_in()?)?.found()?, actor))
    });
    let (row, actor) = read.await?;
    let is_new = matches!(visitor.credential, Some(Credential::Cookie(_))) && actor.now - actor.signed_in_at <= JUST_SIGNED_IN;
    if row.password.is_none() && !is_new {
        return Err(Error::conflict("members.password_needed"));
    }
    confirm(ground, visitor, members, &row, password, "password").await.map(|_| ())
}

impl Confirmed {
    /// Checks inside the transaction that it is still the same member with the same password.
    pub(super) fn again(&self, tx: &mut Tx<'_>, ground: &Ground, visitor: &Visitor, field: &'static str) -> Result<(Actor, ChangeMe)> {
        let (actor, may) = admit(tx, ground, visitor)?;
        let stored = store::members::by_id(tx, may.member())?.found()?.password;
        if may.member() == self.member && stored == self.stored {
            Ok((actor, may))
        } else {
            Err(Error::invalid(field, "members.password_wrong"))
        }
    }
}
