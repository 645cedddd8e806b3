//! API tokens: sessions that a member makes for programs, for less than everything.

use serde::Serialize;

use super::sessions::{Start, start};
use super::store;
use crate::access::{Actor, Scopes};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::SessionId;
use crate::members::model::{ApiToken, Line, NewToken, SessionKind};
use crate::members::policy::{ChangeMe, SeeMe};
use crate::storage::{Conn, Tx};

/// Most API tokens of one member.
const MOST: usize = 50;

/// A token that was just made: the only time its secret is shown.
#[derive(Clone, Serialize, utoipa::ToSchema)]
pub struct MadeToken {
    /// Id.
    pub id: SessionId,
    /// The secret, for `Authorization: Bearer`.
    pub token: String,
}

impl std::fmt::Debug for MadeToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeToken").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The member's API tokens, last used first.
///
/// # Errors
/// When the database cannot be read.
pub fn api_tokens(conn: &mut Conn, may: &SeeMe, now: Millis) -> Result<Vec<ApiToken>> {
    let rows = store::sessions::of_member(conn, may.member(), now)?;
    let is_token = |kind| SessionKind::from_number(kind) == SessionKind::Token;
    Ok(rows.into_iter().filter(|row| is_token(row.kind)).map(|row| row.token()).collect())
}

/// Makes an API token for no more than what asks may do itself.
///
/// # Errors
/// `members.token_name_shape`, `members.token_scopes`, `members.until_past`, `members.token_count`.
pub fn make_api_token(tx: &mut Tx<'_>, may: &ChangeMe, actor: &Actor, new: &NewToken) -> Result<MadeToken> {
    let name = Line::parse(&new.name, 64, "name", "members.token_name_shape")?;
    if name.as_str().is_empty() {
        return Err(Error::invalid("name", "members.token_name_shape"));
    }
    if new.scopes == Scopes::NONE || !may.scopes().covers(new.scopes) {
        return Err(Error::invalid("scopes", "members.token_scopes"));
    }
    let now = tx.now();
    if new.expires_at.is_some_and(|end| end <= now) {
        return Err(Error::invalid("expires_at", "members.until_past"));
    }
    let existing = store::sessions::of_member(tx, may.member(), now)?;
    if existing.iter().filter(|row| row.kind == SessionKind::Token.number()).count() >= MOST {
        return Err(Error::conflict("members.token_count"));
    }
    let (id, token) = start(
        tx,
        &Start {
            member: may.member(),
            kind: SessionKind::Token,
            scopes: new.scopes,
            name: name.as_str(),
            address: actor.address,
            expires_at: new.expires_at.unwrap_or(Millis::MAX),
        },
    )?;
    Ok(MadeToken { id, token: token.reveal().to_owned() })
}
