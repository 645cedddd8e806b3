//! Rows of `members`.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::{CHUNK, badges, roles};
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{MemberId, RoleId};
use crate::members::model::{MemberRow, MemberState, NewMember, Profile};
use crate::storage::schema::{member_badges, member_roles, members};
use crate::storage::{Conn, NamedRow, Tx};
use crate::text::{Wanted, name_key};

/// One member, in whatever state.
pub fn by_id(conn: &mut Conn, id: MemberId) -> Result<Option<MemberRow>> {
    Ok(members::table.find(id.0).first(conn).optional()?)
}

/// The member with this name, in small letters.
pub fn by_username(conn: &mut Conn, username: &str) -> Result<Option<MemberRow>> {
    Ok(members::table.filter(members::username.eq(username)).first(conn).optional()?)
}

/// The member with this mail address, in small letters.
pub fn by_email(conn: &mut Conn, email: &str) -> Result<Option<MemberRow>> {
    Ok(members::table.filter(members::email.eq(email)).first(conn).optional()?)
}

/// Members by id, in no order; ids of nobody are left out.
pub fn by_ids(conn: &mut Conn, ids: &[MemberId]) -> Result<Vec<MemberRow>> {
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let mut rows = Vec::with_capacity(raw.len());
    for part in raw.chunks(CHUNK) {
        rows.extend(members::table.filter(members::id.eq_any(part.to_vec())).load::<MemberRow>(conn)?);
    }
    Ok(rows)
}

/// Rows as others see them, in the same order.
pub fn with_roles(conn: &mut Conn, rows: Vec<MemberRow>, now: Millis) -> Result<Vec<Profile>> {
    let ids: Vec<MemberId> = rows.iter().map(|row| row.id).collect();
    let mut roles: HashMap<MemberId, Vec<RoleId>> = roles::ids_of(conn, &ids)?;
    let mut badges = badges::of(conn, &ids)?;
    let profile = |row: MemberRow| Profile { badge: badges.remove(&row.id), ..row.profile(roles.remove(&row.id).unwrap_or_default(), now) };
    Ok(rows.into_iter().map(profile).collect())
}

/// Which members a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Part of a name or username, or `@` with the beginning of a username.
    pub q: String,
    /// Only in this state; missing: in every state but deleted.
    pub state: Option<MemberState>,
    /// Only with this role.
    pub role: Option<RoleId>,
    /// Only with the verified badge.
    pub verified: bool,
    /// Only behind this member, in order of name.
    pub after: Option<MemberId>,
    /// At most this many.
    pub limit: i64,
}

/// Members in order of name.
pub fn list(conn: &mut Conn, filter: &Filter) -> Result<Vec<MemberRow>> {
    let mut query = members::table.order((members::name_key, members::id)).limit(filter.limit).into_boxed();
    if let Some(Wanted { pattern, is_username }) = Wanted::parse(&filter.q) {
        let is_named = members::username.like(pattern.clone()).escape('!');
        query = if is_username { query.filter(is_named) } else { query.filter(members::name_key.like(pattern).escape('!').or(is_named)) };
    }
    query = match filter.state {
        Some(state) => query.filter(members::state.eq(state.number())),
        None => query.filter(members::state.ne(MemberState::Deleted.number())),
    };
    if let Some(role) = filter.role {
        let holders = member_roles::table.filter(member_roles::role.eq(role.0)).select(member_roles::member);
        // The sign keeps the databases from fetching everybody who has it to put them in order: they are met in order of name.
        query = query.filter(sql::<BigInt>("+members.id").eq_any(holders));
    }
    if filter.verified {
        query = query.filter(members::id.eq_any(member_badges::table.select(member_badges::member)));
    }
    if let Some(after) = filter.after {
        let key = members::table.find(after.0).select(members::name_key).first::<String>(conn).optional()?.unwrap_or_default();
        // The first condition is a key of the index; the second one alone would be asked of every name before.
        query = query.filter(members::name_key.ge(key.clone())).filter(members::name_key.gt(key).or(members::id.gt(after.0)));
    }
    Ok(query.load(conn)?)
}

/// At most `limit` members behind `after` in order of id: what they are called, and the key that this has.
pub fn names_after(conn: &mut Conn, after: MemberId, limit: i64) -> Result<Vec<NamedRow<MemberId>>> {
    let rows = members::table.filter(members::id.gt(after.0)).order(members::id).limit(limit).select((
        members::id,
        members::display_name,
        members::name_key,
    ));
    let rows = rows.load::<(MemberId, String, String)>(conn)?;
    Ok(rows.into_iter().map(|(at, name, key)| NamedRow { at, name, key }).collect())
}

/// Stores another key of a member's name.
pub fn set_name_key(tx: &mut Tx<'_>, member: MemberId, key: &str) -> Result<()> {
    diesel::update(members::table.find(member.0)).set(members::name_key.eq(key)).execute(&mut **tx)?;
    Ok(())
}

/// How many are in this state.
pub fn count_in(conn: &mut Conn, state: MemberState) -> Result<i64> {
    Ok(members::table.filter(members::state.eq(state.number())).count().get_result(conn)?)
}

/// How many rows there are.
pub fn count_all(conn: &mut Conn) -> Result<i64> {
    Ok(members::table.count().get_result(conn)?)
}

/// Stores a new member.
pub fn insert(tx: &mut Tx<'_>, id: MemberId, made: Millis, new: &NewMember) -> Result<()> {
    let status = new.status.as_ref();
    diesel::insert_into(members::table)
        .values((
            (
                members::id.eq(id.0),
                members::username.eq(new.username.as_str()),
                members::display_name.eq(new.display_name.as_str()),
                members::name_key.eq(name_key(new.display_name.as_str())),
                members::pronouns.eq(&new.pronouns),
                members::bio.eq(&new.bio),
                members::status_emoji.eq(status.map_or("", |s| s.emoji.as_str())),
                members::status_text.eq(status.map_or("", |s| s.text.as_str())),
                members::status_until.eq(status.and_then(|s| s.until)),
                members::hue.eq(new.hue.unwrap_or_else(|| first_hue(new.username.as_str()))),
            ),
            (
                members::email.eq(new.email.as_ref().map(|email| email.as_str())),
                members::password.eq(new.password.as_deref()),
                members::language.eq(&new.language),
                members::time_zone.eq(&new.time_zone),
                members::theme.eq("system"),
                members::state.eq(new.state.number()),
                members::permissions.eq(0),
                members::muted_until.eq(None::<Millis>),
                members::welcomed.eq(new.welcomed),
                members::created_at.eq(made),
                members::last_seen_at.eq(made),
            ),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// A hue that the same name always gets.
fn first_hue(username: &str) -> i16 {
    let sum = username.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    i16::try_from(sum % 12).unwrap_or(0)
}

/// Stores everything of the row that its member may change.
pub fn save_account(tx: &mut Tx<'_>, row: &MemberRow) -> Result<()> {
    diesel::update(members::table.find(row.id.0))
        .set((
            members::display_name.eq(&row.display_name),
            members::name_key.eq(name_key(&row.display_name)),
            members::pronouns.eq(&row.pronouns),
            members::bio.eq(&row.bio),
            members::status_emoji.eq(&row.status_emoji),
            members::status_text.eq(&row.status_text),
            members::status_until.eq(row.status_until),
            members::hue.eq(row.hue),
            members::email.eq(row.email.as_deref()),
            members::language.eq(&row.language),
            members::time_zone.eq(&row.time_zone),
            members::theme.eq(&row.theme),
            members::welcomed.eq(row.welcomed),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Stores another hash of the password.
pub fn set_password(tx: &mut Tx<'_>, member: MemberId, hash: &str) -> Result<()> {
    diesel::update(members::table.find(member.0)).set(members::password.eq(hash)).execute(&mut **tx)?;
    Ok(())
}

/// Notes that a member was led to the welcome; `false` when they were before. Check and note are one statement: it is told once.
pub fn welcome(tx: &mut Tx<'_>, member: MemberId) -> Result<bool> {
    let noted = diesel::update(members::table.find(member.0).filter(members::welcomed.eq(false)))
        .set(members::welcomed.eq(true))
        .execute(&mut **tx)?;
    Ok(noted == 1)
}

/// Stores when a member was last there.
pub fn set_seen(tx: &mut Tx<'_>, member: MemberId, at: Millis) -> Result<()> {
    diesel::update(members::table.find(member.0)).set(members::last_seen_at.eq(at)).execute(&mut **tx)?;
    Ok(())
}

/// Moves a member from one state to another; `false` when they were not in the first.
pub fn move_state(tx: &mut Tx<'_>, member: MemberId, from: MemberState, to: MemberState) -> Result<bool> {
    let moved = diesel::update(members::table.find(member.0).filter(members::state.eq(from.number())))
        .set(members::state.eq(to.number()))
        .execute(&mut **tx)?;
    Ok(moved == 1)
}

/// Stores until when a member may not write.
pub fn set_mute(tx: &mut Tx<'_>, member: MemberId, until: Option<Millis>) -> Result<()> {
    diesel::update(members::table.find(member.0)).set(members::muted_until.eq(until)).execute(&mut **tx)?;
    Ok(())
}

/// Empties a row: only its id, its dates and a name that nobody can choose are left.
pub fn bury(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    diesel::update(members::table.find(member.0))
        .set((
            (
                members::username.eq(format!("deleted-{member}")),
                members::display_name.eq(""),
                members::name_key.eq(""),
                members::pronouns.eq(""),
                members::bio.eq(""),
                members::status_emoji.eq(""),
                members::status_text.eq(""),
                members::status_until.eq(None::<Millis>),
                members::hue.eq(0),
            ),
            (
                members::email.eq(None::<String>),
                members::password.eq(None::<String>),
                members::language.eq(""),
                members::time_zone.eq(""),
                members::theme.eq("system"),
                members::state.eq(MemberState::Deleted.number()),
                members::permissions.eq(0),
                members::muted_until.eq(None::<Millis>),
            ),
        ))
        .execute(&mut **tx)?;
    diesel::delete(member_roles::table.filter(member_roles::member.eq(member.0))).execute(&mut **tx)?;
    badges::remove(tx, member)
}
