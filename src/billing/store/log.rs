//! Rows of `grant_log`.

use diesel::prelude::*;

use crate::billing::model::{GrantEntry, GrantEvent, PlanName};
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{GrantEntryId, GrantId, MemberId, PlanId};
use crate::storage::schema::{grant_log, plans};
use crate::storage::{Conn, Tx};

/// What is written down.
#[derive(Clone, Copy, Debug)]
pub struct NewEntry<'a> {
    /// About whom.
    pub member: MemberId,
    /// When it happened.
    pub at: Millis,
    /// What.
    pub kind: GrantEvent,
    /// With which grant.
    pub grant: Option<GrantId>,
    /// Of which plan.
    pub plan: Option<PlanId>,
    /// Who did it; none: the program.
    pub actor: Option<MemberId>,
    /// Until when the grant now holds.
    pub ends_at: Option<Millis>,
    /// Why.
    pub note: &'a str,
}

/// Writes an entry.
pub fn insert(tx: &mut Tx<'_>, entry: &NewEntry<'_>) -> Result<()> {
    let id = tx.new_id::<GrantEntryId>();
    diesel::insert_into(grant_log::table)
        .values((
            grant_log::id.eq(id.0),
            grant_log::member.eq(entry.member.0),
            grant_log::at.eq(entry.at),
            grant_log::kind.eq(entry.kind.number()),
            grant_log::grant_id.eq(entry.grant.map(|id| id.0)),
            grant_log::plan.eq(entry.plan.map(|id| id.0)),
            grant_log::actor.eq(entry.actor.map(|id| id.0)),
            grant_log::ends_at.eq(entry.ends_at),
            grant_log::note.eq(entry.note),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// At most `limit` entries about a member below `before`, newest first.
pub fn of_member(conn: &mut Conn, member: MemberId, before: Option<GrantEntryId>, limit: i64) -> Result<Vec<GrantEntry>> {
    type Row = ((GrantEntryId, Millis, i16, Option<GrantId>, Option<PlanId>, Option<MemberId>, Option<Millis>, String), Option<String>);
    let rows = grant_log::table
        .left_join(plans::table.on(plans::id.nullable().eq(grant_log::plan)))
        .filter(grant_log::member.eq(member.0))
        .filter(grant_log::id.lt(before.map_or(i64::MAX, |id| id.0)))
        .order(grant_log::id.desc())
        .limit(limit)
        .select((
            (
                grant_log::id,
                grant_log::at,
                grant_log::kind,
                grant_log::grant_id,
                grant_log::plan,
                grant_log::actor,
                grant_log::ends_at,
                grant_log::note,
            ),
            plans::name.nullable(),
        ))
        .load::<Row>(conn)?;
    let entry = |((id, at, kind, grant, plan, by, ends_at, note), name): Row| GrantEntry {
        id,
        at,
        kind: GrantEvent::from_number(kind),
        grant,
        plan: plan.zip(name).map(|(id, name)| PlanName { id, name }),
        by,
        ends_at,
        note,
    };
    Ok(rows.into_iter().map(entry).collect())
}
