//! Permits about appeals: who makes and who decides them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use diesel::prelude::*;

use super::acting::{over, over_who_stands};
use super::{standing, standings};
use crate::access::{Actor, Permission, Permissions, Permit, Scope};
use crate::error::{Error, Found, Result};
use crate::ids::{MemberId, SanctionId};
use crate::members::model::{MemberState, SanctionRow};
use crate::storage::Conn;
use crate::storage::schema::{member_roles, members, roles, sanctions};

/// A member appeals against what was done to them.
#[derive(Debug)]
pub struct AppealMine {
    sanction: SanctionId,
}

impl Permit for AppealMine {
    type Target = SanctionId;
    const SCOPE: Scope = Scope::Send;

    fn check(conn: &mut Conn, actor: &Actor, sanction: SanctionId) -> Result<Self> {
        let member = actor.signed_in()?;
        let mine = sanctions::table.find(sanction.0).filter(sanctions::member.eq(member.0)).select(sanctions::id);
        mine.first::<i64>(conn).optional()?.found()?;
        Ok(Self { sanction })
    }
}

impl AppealMine {
    /// Against what.
    #[must_use]
    pub const fn sanction(&self) -> SanctionId {
        self.sanction
    }
}

/// Decide an appeal of somebody else: whoever could do what it is against, but not who did it while there is another who may.
#[derive(Debug)]
pub struct DecideAppeal {
    sanction: SanctionRow,
    by: MemberId,
    is_same_person: bool,
}

impl Permit for DecideAppeal {
    type Target = SanctionId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, sanction: SanctionId) -> Result<Self> {
        let by = actor.signed_in()?;
        if !actor.permissions.has(Permission::Moderate) && !actor.permissions.has(Permission::Ban) {
            return Err(Error::forbidden("access.not_allowed"));
        }
        let appealed = sanctions::table.find(sanction.0).filter(sanctions::appealed_at.is_not_null()).filter(sanctions::member.ne(by.0));
        let sanction: SanctionRow = appealed.first(conn).optional()?.found()?;
        over(conn, actor, sanction.kind().right(), sanction.member)?;
        let is_same_person = sanction.made_by == Some(by);
        if is_same_person {
            let (_, theirs) = standing(conn, sanction.member)?;
            if another_may(&holders(conn, sanction.kind().right(), by)?, sanction.member, theirs) {
                return Err(Error::forbidden("members.appeal_by_another"));
            }
        }
        Ok(Self { sanction, by, is_same_person })
    }
}

impl DecideAppeal {
    /// Against what, as it was a moment ago.
    #[must_use]
    pub const fn sanction(&self) -> &SanctionRow {
        &self.sanction
    }

    /// By whom.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
    }

    /// Is it who did what the appeal is against?
    #[must_use]
    pub const fn is_same_person(&self) -> bool {
        self.is_same_person
    }
}

/// May somebody decide an appeal?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deciding {
    /// They may.
    Yes,
    /// They did what it is against, and leave it to another who may.
    ByAnother,
    /// They may not.
    No,
}

/// Says of each of these appeals what [`DecideAppeal`] would say to `actor`. However many there are, the database is asked as often.
///
/// # Errors
/// When the database cannot be read.
pub fn deciding(conn: &mut Conn, actor: &Actor, appealed: &[SanctionRow]) -> Result<Vec<Deciding>> {
    let by = actor.signed_in()?;
    let mut people: Vec<MemberId> = appealed.iter().map(|row| row.member).collect();
    people.sort_unstable();
    people.dedup();
    let standings = standings(conn, &people)?;
    let mut able: HashMap<Permission, Vec<Holder>> = HashMap::new();
    let mut all = Vec::with_capacity(appealed.len());
    for row in appealed {
        let right = row.kind().right();
        let standing = standings.get(&row.member).copied().filter(|_| row.appealed_at.is_some());
        let over = standing.filter(|standing| over_who_stands(actor, right, row.member, *standing).is_ok());
        let Some((_, theirs)) = over else {
            all.push(Deciding::No);
            continue;
        };
        if row.made_by != Some(by) {
            all.push(Deciding::Yes);
            continue;
        }
        let holders = match able.entry(right) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert(holders(conn, right, by)?),
        };
        all.push(if another_may(holders, row.member, theirs) { Deciding::ByAnother } else { Deciding::Yes });
    }
    Ok(all)
}

/// Most holders of roles that are looked at for another who may decide.
const HOLDERS: i64 = 1_000;

/// Who has a right, and what they may do beside it.
type Holder = (MemberId, Permissions);

/// Active members with a right, but for this one.
fn holders(conn: &mut Conn, right: Permission, but: MemberId) -> Result<Vec<Holder>> {
    let allowing: Vec<i64> = roles::table
        .select((roles::id, roles::permissions))
        .load::<(i64, i64)>(conn)?
        .into_iter()
        .filter(|(_, bits)| Permissions::from_bits(*bits).has(right))
        .map(|(id, _)| id)
        .collect();
    let holders = member_roles::table
        .inner_join(members::table.on(members::id.eq(member_roles::member)))
        .filter(member_roles::role.eq_any(allowing))
        .filter(members::state.eq(MemberState::Active.number()))
        .filter(members::id.ne(but.0))
        .select((members::id, members::permissions))
        .limit(HOLDERS)
        .load::<(i64, i64)>(conn)?;
    Ok(holders.into_iter().map(|(id, bits)| (MemberId(id), Permissions::from_bits(bits))).collect())
}

/// Could one of them, but for whoever appeals, have done the same to somebody with these rights, and does that one see the appeals that wait?
fn another_may(holders: &[Holder], appeals: MemberId, theirs: Permissions) -> bool {
    holders.iter().any(|(id, permissions)| *id != appeals && permissions.has(Permission::Moderate) && permissions.reaches(theirs))
}
