//! Rows of `member_badges`: the signs beside names, as the slices that decide on them have left them.

use std::collections::HashMap;

use diesel::prelude::*;

use super::CHUNK;
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::MemberId;
use crate::members::model::{Badge, BadgeReason};
use crate::storage::schema::member_badges;
use crate::storage::{Conn, Tx, on_conflict};

/// The signs of those of these members who have one.
pub fn of(conn: &mut Conn, ids: &[MemberId]) -> Result<HashMap<MemberId, Badge>> {
    type Row = (MemberId, i16, String, Option<i16>, Millis);
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let mut all = HashMap::new();
    for part in raw.chunks(CHUNK) {
        let rows = member_badges::table.filter(member_badges::member.eq_any(part.to_vec())).load::<Row>(conn)?;
        let badge = |(member, by, text, hue, since)| (member, Badge { by: BadgeReason::from_number(by), text, hue, since });
        all.extend(rows.into_iter().map(badge));
    }
    Ok(all)
}

/// Puts a sign beside a name, in place of the one that was there.
pub fn put(tx: &mut Tx<'_>, member: MemberId, badge: &Badge) -> Result<()> {
    diesel::insert_into(member_badges::table)
        .values(on_conflict(
            (
                member_badges::member.eq(member.0),
                member_badges::reason.eq(badge.by.number()),
                member_badges::text.eq(&badge.text),
                member_badges::hue.eq(badge.hue),
                member_badges::since.eq(badge.since),
            ),
            "ON CONFLICT (member) DO UPDATE SET reason = excluded.reason, text = excluded.text, hue = excluded.hue, since = excluded.since",
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Takes the sign away.
pub fn remove(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    diesel::delete(member_badges::table.find(member.0)).execute(&mut **tx)?;
    Ok(())
}
