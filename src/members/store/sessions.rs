//! Rows of `sessions`.

use diesel::prelude::*;

use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{MemberId, SessionId};
use crate::members::model::{SessionKind, SessionRow};
use crate::storage::schema::{members, sessions};
use crate::storage::{Conn, Tx};

/// What decides whether a session holds, and what its member may do: one row of the joined query.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Holder {
    /// The session.
    pub session: SessionId,
    /// Number of a [`SessionKind`].
    pub kind: i16,
    /// What it may be used for.
    pub scopes: i64,
    /// When it was started.
    pub created_at: Millis,
    /// When it was last used, as far as stored.
    pub last_seen_at: Millis,
    /// When it ends at the latest.
    pub expires_at: Millis,
    /// Its member.
    pub member: MemberId,
    /// State of the member.
    pub state: i16,
    /// The member's permissions.
    pub permissions: i64,
    /// Until when the member may not write.
    pub muted_until: Option<Millis>,
}

macro_rules! holder {
    ($condition:expr, $conn:expr) => {
        sessions::table
            .inner_join(members::table.on(members::id.eq(sessions::member)))
            .filter($condition)
            .select((
                sessions::id,
                sessions::kind,
                sessions::scopes,
                sessions::created_at,
                sessions::last_seen_at,
                sessions::expires_at,
                members::id,
                members::state,
                members::permissions,
                members::muted_until,
            ))
            .first::<Holder>($conn)
            .optional()
    };
}

/// The session with this secret, and its member.
pub fn by_hash(conn: &mut Conn, token_hash: &[u8]) -> Result<Option<Holder>> {
    Ok(holder!(sessions::token_hash.eq(token_hash), conn)?)
}

/// A session and its member.
pub fn by_id(conn: &mut Conn, session: SessionId) -> Result<Option<Holder>> {
    Ok(holder!(sessions::id.eq(session.0), conn)?)
}

type Columns = (
    sessions::id,
    sessions::member,
    sessions::kind,
    sessions::name,
    sessions::address,
    sessions::scopes,
    sessions::created_at,
    sessions::last_seen_at,
    sessions::expires_at,
);
const COLUMNS: Columns = (
    sessions::id,
    sessions::member,
    sessions::kind,
    sessions::name,
    sessions::address,
    sessions::scopes,
    sessions::created_at,
    sessions::last_seen_at,
    sessions::expires_at,
);

/// All sessions and tokens of a member that are not over by age, last used first.
pub fn of_member(conn: &mut Conn, member: MemberId, now: Millis) -> Result<Vec<SessionRow>> {
    Ok(sessions::table
        .filter(sessions::member.eq(member.0))
        .filter(sessions::expires_at.gt(now))
        .order((sessions::last_seen_at.desc(), sessions::id.desc()))
        .select(COLUMNS)
        .load(conn)?)
}

/// Did the member ever sign in from this address, in a session that is still there?
pub fn knows_address(conn: &mut Conn, member: MemberId, address: &str) -> Result<bool> {
    let found = sessions::table
        .filter(sessions::member.eq(member.0))
        .filter(sessions::address.eq(address))
        .select(sessions::id)
        .first::<i64>(conn)
        .optional()?;
    Ok(found.is_some())
}

/// A session to be stored.
pub struct NewRow<'a> {
    /// Whose.
    pub member: MemberId,
    /// How it shows itself.
    pub kind: SessionKind,
    /// Hash of its secret.
    pub token_hash: &'a [u8],
    /// What it is called.
    pub name: &'a str,
    /// Where it is started from.
    pub address: &'a str,
    /// What it may be used for.
    pub scopes: i64,
    /// When it ends at the latest.
    pub expires_at: Millis,
}

/// Stores a session.
pub fn insert(tx: &mut Tx<'_>, row: &NewRow<'_>) -> Result<SessionId> {
    let (id, now) = (tx.new_id::<SessionId>(), tx.now());
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(id.0),
            sessions::member.eq(row.member.0),
            sessions::kind.eq(row.kind.number()),
            sessions::token_hash.eq(row.token_hash),
            sessions::name.eq(row.name),
            sessions::address.eq(row.address),
            sessions::scopes.eq(row.scopes),
            sessions::created_at.eq(now),
            sessions::last_seen_at.eq(now),
            sessions::expires_at.eq(row.expires_at),
        ))
        .execute(&mut **tx)?;
    Ok(id)
}

/// Deletes one session of a member; `false` when it is not theirs.
pub fn delete(tx: &mut Tx<'_>, member: MemberId, session: SessionId) -> Result<bool> {
    let gone = diesel::delete(sessions::table.find(session.0).filter(sessions::member.eq(member.0))).execute(&mut **tx)?;
    Ok(gone == 1)
}

/// Deletes every session of a member but `but`, of these kinds; tells which.
pub fn delete_others(tx: &mut Tx<'_>, member: MemberId, but: Option<SessionId>, kinds: &[SessionKind]) -> Result<Vec<SessionId>> {
    let kinds: Vec<i16> = kinds.iter().map(|kind| kind.number()).collect();
    let gone = diesel::delete(
        sessions::table
            .filter(sessions::member.eq(member.0))
            .filter(sessions::kind.eq_any(kinds))
            .filter(sessions::id.ne(but.map_or(0, |id| id.0))),
    )
    .returning(sessions::id)
    .get_results::<i64>(&mut **tx)?;
    Ok(gone.into_iter().map(SessionId).collect())
}

/// Stores when sessions and their members were last seen.
pub fn save_seen(tx: &mut Tx<'_>, seen: &[(SessionId, MemberId, Millis)]) -> Result<()> {
    for (session, member, at) in seen {
        diesel::update(sessions::table.find(session.0).filter(sessions::last_seen_at.lt(*at)))
            .set(sessions::last_seen_at.eq(*at))
            .execute(&mut **tx)?;
        diesel::update(members::table.find(member.0).filter(members::last_seen_at.lt(*at)))
            .set(members::last_seen_at.eq(*at))
            .execute(&mut **tx)?;
    }
    Ok(())
}

/// Sessions that are over by age or by not being used, and whose they are: at most so many of either sort. Each sort has an index, so that those
/// that are not over are not looked at.
pub fn over(conn: &mut Conn, now: Millis, idle_before: Millis, limit: i64) -> Result<Vec<(MemberId, SessionId)>> {
    let columns = (sessions::member, sessions::id);
    let end_unused = [SessionKind::Browser, SessionKind::Bearer].map(SessionKind::number);
    let old = sessions::table.filter(sessions::expires_at.le(now)).select(columns).limit(limit).load::<(i64, i64)>(conn)?;
    let idle = sessions::table
        .filter(sessions::kind.eq_any(end_unused.to_vec()))
        .filter(sessions::last_seen_at.le(idle_before))
        .select(columns)
        .limit(limit)
        .load::<(i64, i64)>(conn)?;
    let mut over: Vec<_> = old.into_iter().chain(idle).map(|(member, id)| (MemberId(member), SessionId(id))).collect();
    over.sort_unstable();
    over.dedup();
    Ok(over)
}
