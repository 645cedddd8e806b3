//! One act on several members: each is a transaction of its own with its own permit, so that one refusal keeps no other.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::confirm::ask_again;
use super::moderation::{ban, sign_out_everywhere};
use super::roles::set_roles;
use super::{Members, store};
use crate::access::{Actor, Ground, Permit, Scope, Target, Visitor};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MemberId, RoleId};
use crate::members::model::{RoleRow, Terms};
use crate::members::policy::{BanMember, ExportMembers, GiveRoles, Holder, ManageMember};
use crate::money::day_of;
use crate::storage::{Act, Conn, Tx, record};
use crate::text::csv_line;

/// Most members at once.
const MOST: usize = 200;

/// What is done to each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BulkAct {
    /// They get a role.
    GiveRole,
    /// They lose a role.
    TakeRole,
    /// They are shut out, for ever or until a time.
    Suspend,
    /// Their sessions and tokens end.
    SignOut,
    /// They stand in a table for a spreadsheet.
    Export,
}

/// One act on several members.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
pub struct Bulk {
    /// To whom, 1–200.
    pub members: Vec<MemberId>,
    /// What.
    pub act: BulkAct,
    /// Which role is given or taken.
    #[serde(default)]
    pub role: Option<RoleId>,
    /// Why somebody is suspended, for them to read; at most 500 characters.
    #[serde(default)]
    pub reason: String,
    /// Until when, milliseconds UTC; missing: until it is lifted.
    #[serde(default)]
    pub until: Option<Millis>,
    /// The password of whoever does it, once more; who has none leaves it out.
    #[serde(default)]
    pub password: String,
}

impl std::fmt::Debug for Bulk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bulk").field("act", &self.act).field("members", &self.members.len()).finish_non_exhaustive()
    }
}

/// What became of one of them.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct BulkResult {
    /// Who.
    pub member: MemberId,
    /// Why not; null: it was done.
    #[schema(value_type = Option<String>)]
    pub code: Option<&'static str>,
}

/// What became of all of them.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct BulkDone {
    /// One for each member, in the order in which they were named.
    pub results: Vec<BulkResult>,
    /// The table, where one was wanted.
    pub table: Option<String>,
}

/// Does one act on several members, after the password was asked once more.
///
/// # Errors
/// `members.bulk_count`, `members.role_unknown` where an act needs one, `members.password_wrong`; what is refused of one member stands in its
/// result.
pub async fn bulk(ground: &Ground, visitor: &Visitor, members: &Members, mut wish: Bulk) -> Result<BulkDone> {
    let mut seen = BTreeSet::new();
    wish.members.retain(|member| seen.insert(*member));
    if wish.members.is_empty() || wish.members.len() > MOST {
        return Err(Error::invalid("members", "members.bulk_count"));
    }
    if matches!(wish.act, BulkAct::GiveRole | BulkAct::TakeRole) && wish.role.is_none() {
        return Err(Error::invalid("role", "members.role_unknown"));
    }
    ask_again(ground, visitor, members, &wish.password).await?;
    if wish.act == BulkAct::Export {
        return export(ground, visitor, wish.members).await;
    }
    let mut results = Vec::with_capacity(wish.members.len());
    for member in &wish.members {
        let (inside, asked, needs, wish, member) = (ground.clone(), visitor.clone(), members.clone(), wish.clone(), *member);
        let done = ground.db.write(move |tx| one(tx, &inside, &asked, &needs, (&wish, member))).await;
        if let Err(Error::Broken(broken)) = &done {
            tracing::error!(?broken, "an act on one of several members failed");
        }
        results.push(BulkResult { member, code: done.err().map(|error| error.code()) });
    }
    Ok(BulkDone { results, table: None })
}

/// Whoever asks, as they are now.
fn actor(conn: &mut Conn, ground: &Ground, visitor: &Visitor) -> Result<Actor> {
    let actor = ground.authenticator.actor(conn, visitor, ground.clock.now())?;
    actor.check_scope(Scope::Admin)?;
    Ok(actor)
}

fn one(tx: &mut Tx<'_>, ground: &Ground, visitor: &Visitor, members: &Members, (wish, member): (&Bulk, MemberId)) -> Result<()> {
    let moves_roles = matches!(wish.act, BulkAct::GiveRole | BulkAct::TakeRole);
    if moves_roles {
        Holder(member).take_turn(tx)?;
    }
    let actor = actor(tx, ground, visitor)?;
    match wish.act {
        BulkAct::GiveRole | BulkAct::TakeRole => {
            let may = GiveRoles::check(tx, &actor, Holder(member))?;
            let mut roles: BTreeSet<RoleId> =
                store::roles::ids_of(tx, &[member])?.remove(&member).unwrap_or_default().into_iter().collect();
            let role = wish.role.ok_or(Error::invalid("role", "members.role_unknown"))?;
            if wish.act == BulkAct::GiveRole {
                roles.insert(role);
            } else {
                roles.remove(&role);
            }
            set_roles(tx, &may, &actor, &members.notices, &roles.into_iter().collect::<Vec<_>>())
        }
        BulkAct::Suspend => {
            let may = BanMember::check(tx, &actor, member)?;
            let terms = Terms { reason: &wish.reason, until: wish.until, ..Terms::default() };
            ban(tx, &may, &actor, members, &terms).map(|_| ())
        }
        BulkAct::SignOut => {
            let may = ManageMember::check(tx, &actor, member)?;
            sign_out_everywhere(tx, &may, &actor)
        }
        BulkAct::Export => Ok(()),
    }
}

/// The table of these members, with its trace.
async fn export(ground: &Ground, visitor: &Visitor, wanted: Vec<MemberId>) -> Result<BulkDone> {
    let (inside, asked) = (ground.clone(), visitor.clone());
    ground
        .db
        .write(move |tx| {
            let actor = actor(tx, &inside, &asked)?;
            let may = ExportMembers::check(tx, &actor, ())?;
            let (results, table) = table_of(tx, &may, &wanted)?;
            let act = Act {
                actor: Some(may.by()),
                act: "members.export",
                subject_kind: "members",
                subject: String::new(),
                before: None,
                after: Some(json!({ "count": results.iter().filter(|one| one.code.is_none()).count() })),
                reason: None,
                address: actor.address,
            };
            record(tx, &act)?;
            Ok(BulkDone { results, table: Some(table) })
        })
        .await
}

fn table_of(tx: &mut Tx<'_>, _: &ExportMembers, wanted: &[MemberId]) -> Result<(Vec<BulkResult>, String)> {
    let rows = store::members::by_ids(tx, wanted)?;
    let held = store::roles::ids_of(tx, wanted)?;
    let roles = store::roles::all(tx)?;
    let named = |member: MemberId| {
        let ids = held.get(&member).map_or(&[][..], Vec::as_slice);
        let names: Vec<&str> = roles.iter().filter(|role| ids.contains(&role.id)).map(|role: &RoleRow| role.name.as_str()).collect();
        names.join("; ")
    };
    let mut table = String::from("id,username,name,mail,state,roles,joined,last_seen,muted_until\r\n");
    let mut results = Vec::with_capacity(wanted.len());
    for member in wanted {
        let Some(row) = rows.iter().find(|row| row.id == *member) else {
            results.push(BulkResult { member: *member, code: Some(Error::NotFound.code()) });
            continue;
        };
        table.push_str(&csv_line(&[
            row.id.to_string(),
            row.username.clone(),
            row.display_name.clone(),
            row.email.clone().unwrap_or_default(),
            serde_json::to_value(row.state())?.as_str().unwrap_or_default().to_owned(),
            named(row.id),
            day_of(row.created_at),
            day_of(row.last_seen_at),
            row.muted_until.filter(|until| *until > tx.now()).map(day_of).unwrap_or_default(),
        ]));
        results.push(BulkResult { member: *member, code: None });
    }
    Ok((results, table))
}
