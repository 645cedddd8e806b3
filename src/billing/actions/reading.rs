//! What members and support read: what somebody has, where it comes from, until when, and how that came about.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Billing, store};
use crate::access::Page;
use crate::billing::model::{Entitlements, Grant, GrantEntry, Plan, PlanName, Subscription, Totals, totals};
use crate::billing::policy::SeeGrants;
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{GrantEntryId, MemberId};
use crate::members::{self, Badge, Profile, SeeMe};
use crate::storage::Conn;

/// Grants that are shown, newest first.
const GRANTS: i64 = 200;

/// The plans in their order; those that were put away only when asked for.
///
/// # Errors
/// When the database cannot be read.
pub fn plans(conn: &mut Conn, with_archived: bool) -> Result<Vec<Plan>> {
    let rows = store::plans::all(conn, with_archived)?;
    store::plans::with_worth(conn, rows)
}

/// Where an entitlement comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Origin {
    /// Everyone has it.
    Everyone,
    /// A plan that the member has.
    Plan(PlanName),
}

/// A member's log of grants, page by page.
pub type MembershipEntry = GrantEntry;

/// What a member has.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Membership {
    /// The plans that hold now, in the plans' order.
    pub plans: Vec<Plan>,
    /// All that the member is entitled to.
    pub entitlements: Entitlements,
    /// Where each of them comes from, by its name.
    pub origins: BTreeMap<String, Vec<Origin>>,
    /// The next instant at which something begins or ends by itself, milliseconds UTC.
    pub changes_at: Option<Millis>,
    /// Is the member verified, and why?
    pub verified: Option<Badge>,
    /// Did an administrator verify the member, whatever the community's rule is?
    pub verified_by_administrator: bool,
    /// What is paid from period to period, newest first; also what is over.
    pub subscriptions: Vec<Subscription>,
    /// What the ones that go on cost together, for each currency.
    pub totals: Vec<Totals>,
    /// Grants, newest first; also those that are over.
    pub grants: Vec<Grant>,
    /// What happened to them, newest first.
    #[schema(inline)]
    pub log: Page<MembershipEntry>,
    /// Whom grants and log name.
    pub members: Vec<Profile>,
}

/// What of the whole comes from `part`.
fn gives(whole: &Map<String, Value>, nothing: &Map<String, Value>, part: &Entitlements) -> Result<Vec<String>> {
    let Value::Object(own) = serde_json::to_value(part)? else { return Err(Error::broken("entitlements are not an object")) };
    // No limit is worth something only where calls may be started.
    let is_limit = |name: &str| ["calls.group_size", "calls.max_minutes"].contains(&name);
    let counts = |name: &str, value: &Value| if is_limit(name) { part.calls_start } else { nothing.get(name) != Some(value) };
    Ok(own.iter().filter(|(name, value)| whole.get(*name) == Some(*value) && counts(name, value)).map(|(name, _)| name.clone()).collect())
}

fn origins(all: &Entitlements, everyone: &Entitlements, plans: &[Plan]) -> Result<BTreeMap<String, Vec<Origin>>> {
    let as_map = |one: &Entitlements| match serde_json::to_value(one)? {
        Value::Object(map) => Ok(map),
        _ => Err(Error::broken("entitlements are not an object")),
    };
    let (whole, nothing) = (as_map(all)?, as_map(&Entitlements::default())?);
    let mut found: BTreeMap<String, Vec<Origin>> = BTreeMap::new();
    for name in gives(&whole, &nothing, everyone)? {
        found.entry(name).or_default().push(Origin::Everyone);
    }
    for plan in plans {
        for name in gives(&whole, &nothing, &plan.entitlements)? {
            found.entry(name).or_default().push(Origin::Plan(PlanName { id: plan.id, name: plan.name.clone() }));
        }
    }
    Ok(found)
}

/// What a member has; the log below `before`.
fn of_member(
    conn: &mut Conn,
    billing: &Billing,
    member: MemberId,
    before: Option<GrantEntryId>,
    limit: i64,
    now: Millis,
) -> Result<Membership> {
    let standing = billing.standings.of(conn, member, now)?;
    let plans: Vec<Plan> = plans(conn, true)?.into_iter().filter(|plan| standing.plans.contains(&plan.id)).collect();
    let everyone = Entitlements::of_everyone(store::standing::rules(conn)?.calls_open_to);
    let grants: Vec<Grant> = store::grants::of_member(conn, member, GRANTS)?.into_iter().map(|(row, name)| row.grant(name, now)).collect();
    let subscriptions = super::subscribing::of_member(conn, member, GRANTS)?;
    let log = Page::of(store::log::of_member(conn, member, before, limit + 1)?, limit, |entry| entry.id.to_string());
    let mut people: Vec<MemberId> =
        grants.iter().filter_map(|grant| grant.given_by).chain(log.items.iter().filter_map(|one| one.by)).collect();
    people.sort_unstable();
    people.dedup();
    Ok(Membership {
        origins: origins(&standing.entitlements, &everyone, &plans)?,
        entitlements: standing.entitlements.clone(),
        changes_at: standing.changes_at,
        verified: standing.verified.clone(),
        verified_by_administrator: store::verifications::of(conn, member)?.is_some(),
        members: members::profiles(conn, &people, now)?,
        totals: totals(&subscriptions),
        subscriptions,
        plans,
        grants,
        log,
    })
}

/// What the member who asks has.
///
/// # Errors
/// When the database cannot be read.
pub fn membership(
    conn: &mut Conn,
    may: &SeeMe,
    billing: &Billing,
    before: Option<GrantEntryId>,
    limit: i64,
    now: Millis,
) -> Result<Membership> {
    of_member(conn, billing, may.member(), before, limit, now)
}

/// The same for support.
///
/// # Errors
/// When the database cannot be read.
pub fn grants_of(
    conn: &mut Conn,
    may: &SeeGrants,
    billing: &Billing,
    before: Option<GrantEntryId>,
    limit: i64,
    now: Millis,
) -> Result<Membership> {
    of_member(conn, billing, may.member(), before, limit, now)
}
