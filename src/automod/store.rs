//! The SQL of automod and nothing else.

use std::collections::HashMap;

use diesel::prelude::*;

use super::model::{NewRule, Outcome, Rule};
use crate::access::Permissions;
use crate::clock::Millis;
use crate::error::{Found, Result};
use crate::ids::{Ids, MemberId, MessageId, RoomId, RuleId};
use crate::storage::schema::{automod_rules as rules, members, messages, rooms};
use crate::storage::{Conn, Tx};

type Row = (RuleId, String, bool, String, i16, String, i32, Millis, Option<MemberId>);

fn rule_of((id, name, enabled, looks, outcome, sentence, mute_minutes, changed_at, changed_by): Row) -> Result<Rule> {
    let (looks, outcome) = (serde_json::from_str(&looks)?, Outcome::from_number(outcome)?);
    Ok(Rule { id, rule: NewRule { name, enabled, looks, outcome, sentence, mute_minutes }, changed_at, changed_by })
}

const COLUMNS: (
    rules::id,
    rules::name,
    rules::enabled,
    rules::looks,
    rules::outcome,
    rules::sentence,
    rules::mute_minutes,
    rules::changed_at,
    rules::changed_by,
) = (
    rules::id,
    rules::name,
    rules::enabled,
    rules::looks,
    rules::outcome,
    rules::sentence,
    rules::mute_minutes,
    rules::changed_at,
    rules::changed_by,
);

/// Every rule, in the order in which they were made.
pub fn all(conn: &mut Conn) -> Result<Vec<Rule>> {
    rules::table.order(rules::id).select(COLUMNS).load::<Row>(conn)?.into_iter().map(rule_of).collect()
}

/// One rule.
pub fn by_id(conn: &mut Conn, id: RuleId) -> Result<Option<Rule>> {
    rules::table.find(id.0).select(COLUMNS).first::<Row>(conn).optional()?.map(rule_of).transpose()
}

/// Stores a rule.
pub fn insert(tx: &mut Tx<'_>, rule: &Rule) -> Result<()> {
    diesel::insert_into(rules::table)
        .values((
            rules::id.eq(rule.id.0),
            rules::name.eq(&rule.rule.name),
            rules::enabled.eq(rule.rule.enabled),
            rules::looks.eq(serde_json::to_string(&rule.rule.looks)?),
            rules::outcome.eq(rule.rule.outcome.number()),
            rules::sentence.eq(&rule.rule.sentence),
            rules::mute_minutes.eq(rule.rule.mute_minutes),
            rules::changed_at.eq(rule.changed_at),
            rules::changed_by.eq(rule.changed_by.map(|id| id.0)),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// A rule becomes another.
pub fn update(tx: &mut Tx<'_>, rule: &Rule) -> Result<()> {
    diesel::update(rules::table.find(rule.id.0))
        .set((
            rules::name.eq(&rule.rule.name),
            rules::enabled.eq(rule.rule.enabled),
            rules::looks.eq(serde_json::to_string(&rule.rule.looks)?),
            rules::outcome.eq(rule.rule.outcome.number()),
            rules::sentence.eq(&rule.rule.sentence),
            rules::mute_minutes.eq(rule.rule.mute_minutes),
            rules::changed_at.eq(rule.changed_at),
            rules::changed_by.eq(rule.changed_by.map(|id| id.0)),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// A rule is no more.
pub fn delete(tx: &mut Tx<'_>, id: RuleId) -> Result<()> {
    diesel::delete(rules::table.find(id.0)).execute(&mut **tx)?;
    Ok(())
}

/// When an account was made.
pub fn account_made_at(conn: &mut Conn, member: MemberId) -> Result<Millis> {
    members::table.find(member.0).select(members::created_at).first::<Millis>(conn).optional()?.found()
}

/// A message of the past as rules look at it.
#[derive(Debug, Queryable)]
pub struct Past {
    pub id: MessageId,
    pub room: RoomId,
    pub seq: i64,
    pub author: MemberId,
    pub body: String,
    pub body_html: String,
    pub mentions: Option<String>,
    pub sent_at: Millis,
}

/// Messages sent at `since` or later, above `after`, oldest first, at most `limit`. Ids grow with time, so that only the newest part of the
/// index is read.
pub fn past(conn: &mut Conn, since: Millis, after: MessageId, limit: i64) -> Result<Vec<Past>> {
    let floor: MessageId = Ids::at(since, 0);
    Ok(messages::table
        .filter(messages::id.gt(after.0.max(floor.0 - 1)))
        .filter(messages::deleted_at.is_null())
        .order(messages::id)
        .limit(limit)
        .select((
            messages::id,
            messages::room,
            messages::seq,
            messages::author,
            messages::body,
            messages::body_html,
            messages::mentions,
            messages::sent_at,
        ))
        .load(conn)?)
}

/// `rooms.kind` of what is no conversation: public, private, announcements.
const WATCHED_KINDS: [i16; 3] = [0, PRIVATE, 2];
/// `rooms.kind` of what those who are not in it do not see.
const PRIVATE: i16 = 1;

/// Do those who are not in the room see what is said there?
pub fn is_open(conn: &mut Conn, room: RoomId) -> Result<bool> {
    let kind = rooms::table.find(room.0).select(rooms::kind).first::<i16>(conn).optional()?;
    Ok(kind.is_some_and(|kind| WATCHED_KINDS.contains(&kind) && kind != PRIVATE))
}

/// The names of those of these rooms that are no conversations, and whether those who are not in them see what is said there.
pub fn watched_rooms(conn: &mut Conn, ids: &[RoomId]) -> Result<HashMap<RoomId, (String, bool)>> {
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let found = rooms::table.filter(rooms::id.eq_any(raw)).filter(rooms::kind.eq_any(WATCHED_KINDS));
    let found = found.select((rooms::id, rooms::name, rooms::kind)).load::<(RoomId, Option<String>, i16)>(conn)?;
    Ok(found.into_iter().map(|(id, name, kind)| (id, (name.unwrap_or_default(), kind != PRIVATE))).collect())
}

/// When these accounts were made, and what they may do.
pub fn authors(conn: &mut Conn, ids: &[MemberId]) -> Result<HashMap<MemberId, (Millis, Permissions)>> {
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let found = members::table.filter(members::id.eq_any(raw)).select((members::id, members::created_at, members::permissions));
    let rows = found.load::<(MemberId, Millis, i64)>(conn)?;
    Ok(rows.into_iter().map(|(id, made, bits)| (id, (made, Permissions::from_bits(bits)))).collect())
}
