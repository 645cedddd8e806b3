//! Rows of `sanctions`, and the appeals that stand in them.

use diesel::prelude::*;

use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{MemberId, SanctionId};
use crate::members::model::{MemberState, SanctionKind, SanctionRow, Terms};
use crate::storage::schema::{members, sanctions};
use crate::storage::{Conn, Tx};

/// One sanction.
pub fn by_id(conn: &mut Conn, id: SanctionId) -> Result<Option<SanctionRow>> {
    Ok(sanctions::table.find(id.0).first(conn).optional()?)
}

/// Sanctions of a member, newest first, at most `limit`.
pub fn of_member(conn: &mut Conn, member: MemberId, limit: i64) -> Result<Vec<SanctionRow>> {
    let theirs = sanctions::table.filter(sanctions::member.eq(member.0));
    Ok(theirs.order((sanctions::made_at.desc(), sanctions::id.desc())).limit(limit).load(conn)?)
}

/// The ban or mute of a member that was not lifted, newest first.
pub fn unlifted(conn: &mut Conn, member: MemberId, kind: SanctionKind) -> Result<Option<SanctionRow>> {
    Ok(sanctions::table
        .filter(sanctions::member.eq(member.0))
        .filter(sanctions::kind.eq(kind.number()))
        .filter(sanctions::lifted_at.is_null())
        .order((sanctions::made_at.desc(), sanctions::id.desc()))
        .first(conn)
        .optional()?)
}

/// Stores a sanction. `by` nobody: a rule of the community; `note` is for the dashboard alone.
pub fn insert(
    tx: &mut Tx<'_>,
    member: MemberId,
    kind: SanctionKind,
    by: Option<MemberId>,
    terms: &Terms<'_>,
    note: &str,
) -> Result<SanctionId> {
    let (id, now) = (tx.new_id::<SanctionId>(), tx.now());
    diesel::insert_into(sanctions::table)
        .values((
            sanctions::id.eq(id.0),
            sanctions::member.eq(member.0),
            sanctions::kind.eq(kind.number()),
            sanctions::reason.eq(terms.reason),
            sanctions::made_by.eq(by.map(|id| id.0)),
            sanctions::made_at.eq(now),
            sanctions::until.eq(terms.until),
            sanctions::note.eq(note),
            sanctions::report.eq(terms.report.map(|id| id.0)),
            sanctions::room.eq(terms.room.map(|id| id.0)),
            sanctions::answer.eq(""),
        ))
        .execute(&mut **tx)?;
    Ok(id)
}

/// Lifts what is in force of this kind.
pub fn lift(tx: &mut Tx<'_>, member: MemberId, kind: SanctionKind) -> Result<()> {
    let now = tx.now();
    diesel::update(
        sanctions::table
            .filter(sanctions::member.eq(member.0))
            .filter(sanctions::kind.eq(kind.number()))
            .filter(sanctions::lifted_at.is_null()),
    )
    .set(sanctions::lifted_at.eq(Some(now)))
    .execute(&mut **tx)?;
    Ok(())
}

/// Lifts this one; `false` when it was lifted before.
pub fn lift_one(tx: &mut Tx<'_>, id: SanctionId) -> Result<bool> {
    let now = tx.now();
    let lifted = diesel::update(sanctions::table.find(id.0).filter(sanctions::lifted_at.is_null()))
        .set(sanctions::lifted_at.eq(Some(now)))
        .execute(&mut **tx)?;
    Ok(lifted == 1)
}

/// Members who are banned although their ban has ended.
pub fn bans_over(conn: &mut Conn, now: Millis, limit: i64) -> Result<Vec<MemberId>> {
    let rows = sanctions::table
        .inner_join(members::table.on(members::id.eq(sanctions::member)))
        .filter(members::state.eq(MemberState::Banned.number()))
        .filter(sanctions::kind.eq(SanctionKind::Ban.number()))
        .filter(sanctions::lifted_at.is_null())
        .filter(sanctions::until.le(now))
        .select(sanctions::member)
        .limit(limit)
        .load::<i64>(conn)?;
    Ok(rows.into_iter().map(MemberId).collect())
}

/// Puts the member's appeal into the row; `false` when there was one already, or it was lifted meanwhile. Check and note are one statement.
pub fn appeal(tx: &mut Tx<'_>, id: SanctionId, words: &str) -> Result<bool> {
    let now = tx.now();
    let open = sanctions::table.find(id.0).filter(sanctions::appealed_at.is_null()).filter(sanctions::lifted_at.is_null());
    let made = diesel::update(open).set((sanctions::appeal.eq(Some(words)), sanctions::appealed_at.eq(Some(now)))).execute(&mut **tx)?;
    Ok(made == 1)
}

/// Decides an appeal; `false` when it was decided before.
pub fn decide(tx: &mut Tx<'_>, id: SanctionId, by: MemberId, upheld: bool, answer: &str) -> Result<bool> {
    let now = tx.now();
    let waits = sanctions::table.find(id.0).filter(sanctions::appealed_at.is_not_null()).filter(sanctions::decided_at.is_null());
    let decided = diesel::update(waits)
        .set((
            sanctions::decided_at.eq(Some(now)),
            sanctions::decided_by.eq(Some(by.0)),
            sanctions::upheld.eq(Some(upheld)),
            sanctions::answer.eq(answer),
        ))
        .execute(&mut **tx)?;
    Ok(decided == 1)
}

/// Appeals that `viewer` may see, newest first, before `before`; decided ones, or those that wait: against what is over nothing waits.
pub fn appealed(
    conn: &mut Conn,
    viewer: MemberId,
    decided: bool,
    before: Option<SanctionId>,
    limit: i64,
    now: Millis,
) -> Result<Vec<SanctionRow>> {
    let all = sanctions::table.filter(sanctions::appealed_at.is_not_null()).filter(sanctions::member.ne(viewer.0));
    let mut query = all.order(sanctions::id.desc()).limit(limit).into_boxed();
    query = if decided {
        query.filter(sanctions::decided_at.is_not_null())
    } else {
        let holds = sanctions::until.is_null().or(sanctions::until.gt(now));
        query.filter(sanctions::decided_at.is_null()).filter(sanctions::lifted_at.is_null()).filter(holds)
    };
    if let Some(before) = before {
        query = query.filter(sanctions::id.lt(before.0));
    }
    Ok(query.load(conn)?)
}

/// How many appeals wait that `viewer` may see.
pub fn count_appealed(conn: &mut Conn, viewer: MemberId, now: Millis) -> Result<i64> {
    let waiting = sanctions::table.filter(sanctions::appealed_at.is_not_null()).filter(sanctions::decided_at.is_null());
    let holding = waiting.filter(sanctions::lifted_at.is_null()).filter(sanctions::until.is_null().or(sanctions::until.gt(now)));
    Ok(holding.filter(sanctions::member.ne(viewer.0)).count().get_result(conn)?)
}

/// How many things the member was told and has not seen: that something was done, or that an appeal was decided.
pub fn count_unseen(conn: &mut Conn, member: MemberId) -> Result<i64> {
    let is_unseen = sanctions::seen_at.is_null().or(sanctions::decided_at.gt(sanctions::seen_at));
    Ok(sanctions::table.filter(sanctions::member.eq(member.0)).filter(is_unseen).count().get_result(conn)?)
}

/// The member has seen what they were told until then.
pub fn mark_seen(tx: &mut Tx<'_>, member: MemberId, until: Millis) -> Result<()> {
    let told = sanctions::table.filter(sanctions::member.eq(member.0)).filter(sanctions::made_at.le(until));
    let older = sanctions::seen_at.is_null().or(sanctions::seen_at.lt(until));
    diesel::update(told.filter(older)).set(sanctions::seen_at.eq(Some(until))).execute(&mut **tx)?;
    Ok(())
}

/// What a member who is gone wrote in appeals goes with them, and waits for nobody.
pub fn forget_appeals(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    diesel::update(sanctions::table.filter(sanctions::member.eq(member.0)).filter(sanctions::appealed_at.is_not_null()))
        .set((sanctions::appeal.eq(None::<String>), sanctions::appealed_at.eq(None::<Millis>)))
        .execute(&mut **tx)?;
    Ok(())
}
