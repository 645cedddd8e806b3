//! Who may do what to whom. The only place that makes the slice's permits.

mod acting;
mod appeals;
mod invites;
mod own;
mod roles;
mod seeing;

use std::collections::HashMap;

use diesel::prelude::*;

pub use acting::{ActOnMany, BanMember, DecideSignUp, ExportMembers, GiveRoles, Holder, ManageMember, MuteMember};
pub use appeals::{AppealMine, DecideAppeal, Deciding, deciding};
pub use invites::{EndInvite, MakeInvites, may_be_invited_to};
pub use own::{ChangeMe, EndMine, SeeMe};
pub use roles::{ChangeRole, MakeRoles, SeeRoles};
pub use seeing::{SeeAccount, SeeAccounts, SeeMember, SeeMembers};

use super::model::MemberState;
use crate::access::Permissions;
use crate::error::{Found, Result};
use crate::ids::MemberId;
use crate::storage::Conn;
use crate::storage::schema::members;

/// Where a member stands, and what they may do.
fn standing(conn: &mut Conn, member: MemberId) -> Result<(MemberState, Permissions)> {
    let row = members::table.find(member.0).select((members::state, members::permissions)).first::<(i16, i64)>(conn).optional()?.found()?;
    Ok((MemberState::from_number(row.0), Permissions::from_bits(row.1)))
}

/// The same for several; whoever does not exist is missing.
fn standings(conn: &mut Conn, all: &[MemberId]) -> Result<HashMap<MemberId, (MemberState, Permissions)>> {
    let raw: Vec<i64> = all.iter().map(|id| id.0).collect();
    let columns = (members::id, members::state, members::permissions);
    let rows = members::table.filter(members::id.eq_any(raw)).select(columns).load::<(i64, i16, i64)>(conn)?;
    Ok(rows.into_iter().map(|(id, state, bits)| (MemberId(id), (MemberState::from_number(state), Permissions::from_bits(bits)))).collect())
}
