//! Sessions: finding the actor behind a secret, starting and ending them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::{announce_ended, store};
use crate::access::{Actor, Authenticator, Credential, Permissions, Scopes, Token, Visitor};
use crate::clock::Millis;
use crate::error::{Found, Result};
use crate::ids::{MemberId, SessionId};
use crate::members::model::{MemberState, Session, SessionKind};
use crate::members::policy::{ChangeMe, EndMine, SeeMe};
use crate::storage::{Conn, Db, Tx};

const DAY: Millis = 86_400_000;
/// A session that is not used for this long is over.
const IDLE: Millis = 14 * DAY;
/// A session is over after this long, used or not.
const ABSOLUTE: Millis = 90 * DAY;

/// Was it used recently enough?
pub(super) const fn is_fresh(last_seen_at: Millis, now: Millis) -> bool {
    last_seen_at + IDLE > now
}

/// Keeps when sessions were last used, and finds the actor behind them.
#[derive(Debug, Default)]
pub struct Sessions {
    /// Used since the last flush.
    seen: Mutex<HashMap<SessionId, (MemberId, Millis)>>,
}

impl Sessions {
    /// Nothing seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stores when sessions were last used; called by a timer every minute and at the end.
    ///
    /// # Errors
    /// When the database refuses; what was seen is kept for the next time.
    pub async fn flush(&self, db: &Db) -> Result<()> {
        let seen = std::mem::take(&mut *self.seen());
        if seen.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = seen.iter().map(|(session, (member, at))| (*session, *member, *at)).collect();
        let stored = db.write(move |tx| store::sessions::save_seen(tx, &rows)).await;
        if stored.is_err() {
            let mut now = self.seen();
            for (session, what) in seen {
                now.entry(session).or_insert(what);
            }
        }
        stored
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, (MemberId, Millis)>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn actor_of(&self, holder: Option<store::sessions::Holder>, address: Option<IpAddr>, now: Millis) -> Actor {
        let stranger = Actor::stranger(address, now);
        let Some(holder) = holder else { return stranger };
        if MemberState::from_number(holder.state) != MemberState::Active || holder.expires_at <= now {
            return stranger;
        }
        let mut seen = self.seen();
        let last = seen.get(&holder.session).map_or(holder.last_seen_at, |(_, at)| holder.last_seen_at.max(*at));
        if SessionKind::from_number(holder.kind) != SessionKind::Token && !is_fresh(last, now) {
            return stranger;
        }
        seen.insert(holder.session, (holder.member, now.max(last)));
        Actor {
            member: Some(holder.member),
            session: Some(holder.session),
            signed_in_at: holder.created_at,
            permissions: Permissions::from_bits(holder.permissions),
            scopes: Scopes::from_bits(holder.scopes),
            muted_until: holder.muted_until,
            address,
            now,
        }
    }
}

impl Authenticator for Sessions {
    fn actor(&self, conn: &mut Conn, visitor: &Visitor, now: Millis) -> Result<Actor> {
        let Some(credential) = &visitor.credential else { return Ok(Actor::stranger(visitor.address, now)) };
        let holder = store::sessions::by_hash(conn, credential.token_hash())?;
        // A secret works only the way it was given out: a browser's cookie is no bearer token, of which no Origin is asked.
        let fits = |found: &store::sessions::Holder| match SessionKind::from_number(found.kind) {
            SessionKind::Browser => matches!(credential, Credential::Cookie(_)),
            SessionKind::Bearer => true,
            SessionKind::Token => matches!(credential, Credential::Bearer(_)),
        };
        Ok(self.actor_of(holder.filter(fits), visitor.address, now))
    }

    fn actor_of_session(&self, conn: &mut Conn, session: SessionId, address: Option<IpAddr>, now: Millis) -> Result<Actor> {
        let holder = store::sessions::by_id(conn, session)?;
        Ok(self.actor_of(holder, address, now))
    }

    fn actor_of_command(&self, tx: &mut Tx<'_>, session: SessionId, address: Option<IpAddr>) -> Result<Actor> {
        let holder = tx.recall((session.0, 0), |conn| store::sessions::by_id(conn, session))?;
        Ok(self.actor_of(holder, address, tx.now()))
    }
}

/// A session to be started.
pub(super) struct Start<'a> {
    pub(super) member: MemberId,
    pub(super) kind: SessionKind,
    pub(super) scopes: Scopes,
    pub(super) name: &'a str,
    pub(super) address: Option<IpAddr>,
    pub(super) expires_at: Millis,
}

pub(super) fn start(tx: &mut Tx<'_>, start: &Start<'_>) -> Result<(SessionId, Token)> {
    let token = Token::random()?;
    let row = store::sessions::NewRow {
        member: start.member,
        kind: start.kind,
        token_hash: &token.hash(),
        name: start.name,
        address: &address_text(start.address),
        scopes: start.scopes.bits(),
        expires_at: start.expires_at,
    };
    let id = store::sessions::insert(tx, &row)?;
    Ok((id, token))
}

/// An address as sessions keep it.
pub(super) fn address_text(address: Option<IpAddr>) -> String {
    address.map(|ip| ip.to_canonical().to_string()).unwrap_or_default()
}

/// Starts a session. Browser and bearer sessions end after 90 days, API tokens never by themselves.
///
/// # Errors
/// When the database refuses.
pub fn make_session(
    tx: &mut Tx<'_>,
    member: MemberId,
    kind: SessionKind,
    scopes: Scopes,
    name: &str,
    address: Option<IpAddr>,
) -> Result<(SessionId, Token)> {
    let expires_at = if kind == SessionKind::Token { Millis::MAX } else { tx.now() + ABSOLUTE };
    start(tx, &Start { member, kind, scopes, name, address, expires_at })
}

/// The member's browsers and programs, last used first.
///
/// # Errors
/// When the database cannot be read.
pub fn sessions_of(conn: &mut Conn, may: &SeeMe, actor: &Actor) -> Result<Vec<Session>> {
    let rows = store::sessions::of_member(conn, may.member(), actor.now)?;
    let rows = rows.into_iter().filter(|row| row.kind != SessionKind::Token.number() && is_fresh(row.last_seen_at, actor.now));
    Ok(rows.map(|row| row.session(actor.session)).collect())
}

/// Ends one session or token of the member's own.
///
/// # Errors
/// [`crate::error::Error::NotFound`] when it is gone already.
pub fn end_session(tx: &mut Tx<'_>, may: &EndMine) -> Result<()> {
    end_one(tx, may.member(), may.session())
}

pub(super) fn end_one(tx: &mut Tx<'_>, member: MemberId, session: SessionId) -> Result<()> {
    store::sessions::delete(tx, member, session)?.then_some(()).found()?;
    announce_ended(tx, member, Some(member), &[session])
}

/// Ends every browser and program of the member but the one that asks; API tokens stay.
///
/// # Errors
/// When the database refuses.
pub fn end_other_sessions(tx: &mut Tx<'_>, may: &ChangeMe, actor: &Actor) -> Result<usize> {
    let kinds = [SessionKind::Browser, SessionKind::Bearer];
    end_all(tx, may.member(), actor.member, actor.session, &kinds)
}

/// Every kind of session.
pub(super) const EVERY_KIND: [SessionKind; 3] = [SessionKind::Browser, SessionKind::Bearer, SessionKind::Token];

pub(super) fn end_all(
    tx: &mut Tx<'_>,
    member: MemberId,
    by: Option<MemberId>,
    but: Option<SessionId>,
    kinds: &[SessionKind],
) -> Result<usize> {
    let ended = store::sessions::delete_others(tx, member, but, kinds)?;
    announce_ended(tx, member, by, &ended)?;
    Ok(ended.len())
}

/// Most sessions that end in one round for each reason why they do: whatever a long stand-still left is gone after some.
const AT_ONCE: i64 = 1_000;

/// Sessions that are over at `now`, as many as one round ends, and whose they are.
///
/// # Errors
/// When the database cannot be read.
pub fn sessions_over(conn: &mut Conn, now: Millis) -> Result<Vec<(MemberId, SessionId)>> {
    store::sessions::over(conn, now, now - IDLE, AT_ONCE)
}

/// Deletes what is over: sessions, whose connections end with them, and one-time links of a week ago. Called by a timer, after what was
/// seen last is stored: a session that is refused must not go on listening.
///
/// # Errors
/// When the database refuses.
pub fn clean_sessions(tx: &mut Tx<'_>) -> Result<()> {
    let now = tx.now();
    for (member, session) in sessions_over(tx, now)? {
        if store::sessions::delete(tx, member, session)? {
            announce_ended(tx, member, None, &[session])?;
        }
    }
    store::links::delete_before(tx, now - 7 * DAY)?;
    Ok(())
}
