//! Rows of `reach`.

use diesel::prelude::*;

use crate::error::Result;
use crate::ids::MemberId;
use crate::settings::Settings;
use crate::social::model::{Quiet, Reach, Rules, UnknownCallers, zone};
use crate::storage::schema::{members, reach};
use crate::storage::{Conn, Tx, on_conflict};

/// A row as it is read: zone, rules, unknown callers, quiet from and to, whether followers need a yes.
type Row = (String, Option<String>, Option<i16>, Option<i16>, Option<i16>, Option<bool>);

/// The columns of a [`Row`].
macro_rules! columns {
    () => {
        (
            members::time_zone,
            reach::rules.nullable(),
            reach::unknown_callers.nullable(),
            reach::quiet_from.nullable(),
            reach::quiet_to.nullable(),
            reach::asks_before_follow.nullable(),
        )
    };
}

/// What holds for a member, by one statement; `None` when there is no such member. The zone's name comes with it.
pub fn of(conn: &mut Conn, member: MemberId, settings: &Settings) -> Result<Option<(Reach, String)>> {
    let row = members::table.left_join(reach::table.on(reach::member.eq(members::id))).filter(members::id.eq(member.0)).select(columns!());
    row.first::<Row>(conn).optional()?.map(|row| held(row, settings)).transpose()
}

/// What holds for each of these, by one statement, in ascending id.
pub fn of_all(conn: &mut Conn, ids: &[MemberId], settings: &Settings) -> Result<Vec<(MemberId, Reach)>> {
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows = members::table
        .left_join(reach::table.on(reach::member.eq(members::id)))
        .filter(members::id.eq_any(raw))
        .order(members::id)
        .select((members::id, columns!()))
        .load::<(i64, Row)>(conn)?;
    rows.into_iter().map(|(id, row)| Ok((MemberId(id), held(row, settings)?.0))).collect()
}

/// A row as what holds.
fn held((name, rules, unknown, from, to, asks): Row, settings: &Settings) -> Result<(Reach, String)> {
    let mut held = Reach::defaults(settings);
    if let Some(rules) = rules {
        held.rules = serde_json::from_str::<Rules>(&rules)?;
        held.unknown_callers = UnknownCallers::from_number(unknown.unwrap_or_default());
        let minute = |n: i16| u16::try_from(n).unwrap_or(0);
        held.quiet = from.zip(to).map(|(from, to)| Quiet { from: minute(from), to: minute(to) });
        held.asks_before_follow = asks.unwrap_or_default();
    }
    if held.quiet.is_some() {
        held.zone = zone(&name);
    }
    Ok((held, name))
}

/// Stores what a member chose.
pub fn save(tx: &mut Tx<'_>, member: MemberId, held: &Reach) -> Result<()> {
    let now = tx.now();
    let minute = |n: u16| i16::try_from(n).unwrap_or(0);
    diesel::insert_into(reach::table)
        .values(on_conflict(
            (
                reach::member.eq(member.0),
                reach::rules.eq(serde_json::to_string(&held.rules)?),
                reach::unknown_callers.eq(held.unknown_callers.number()),
                reach::quiet_from.eq(held.quiet.map(|quiet| minute(quiet.from))),
                reach::quiet_to.eq(held.quiet.map(|quiet| minute(quiet.to))),
                reach::asks_before_follow.eq(held.asks_before_follow),
                reach::changed_at.eq(now),
            ),
            "ON CONFLICT (member) DO UPDATE SET rules = excluded.rules, unknown_callers = excluded.unknown_callers, \
             quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to, asks_before_follow = excluded.asks_before_follow, \
             changed_at = excluded.changed_at",
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Forgets what a member chose.
pub fn forget(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    diesel::delete(reach::table.find(member.0)).execute(&mut **tx)?;
    Ok(())
}
