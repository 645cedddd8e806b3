//! Permits about appeals: who makes and who decides them.

use diesel::prelude::*;

use super::acting::over;
use super::standing;
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
        if is_same_person && another_may(conn, &sanction, by)? {
            return Err(Error::forbidden("members.appeal_by_another"));
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

/// Most holders of roles that are looked at for another who may decide.
const HOLDERS: i64 = 1_000;

/// Is there an active member, but for this one and whoever appeals, who could have done the same and sees the appeals that wait?
fn another_may(conn: &mut Conn, sanction: &SanctionRow, but: MemberId) -> Result<bool> {
    let (_, theirs) = standing(conn, sanction.member)?;
    let allowing: Vec<i64> = roles::table
        .select((roles::id, roles::permissions))
        .load::<(i64, i64)>(conn)?
        .into_iter()
        .filter(|(_, bits)| Permissions::from_bits(*bits).has(sanction.kind().right()))
        .map(|(id, _)| id)
        .collect();
    let holders = member_roles::table
        .inner_join(members::table.on(members::id.eq(member_roles::member)))
        .filter(member_roles::role.eq_any(allowing))
        .filter(members::state.eq(MemberState::Active.number()))
        .filter(members::id.ne(but.0))
        .filter(members::id.ne(sanction.member.0))
        .select(members::permissions)
        .limit(HOLDERS)
        .load::<i64>(conn)?;
    let may = |bits: Permissions| bits.has(Permission::Moderate) && bits.reaches(theirs);
    Ok(holders.into_iter().map(Permissions::from_bits).any(may))
}
