//! Members in the dashboard: the list with its filters, and one account with what may be done to it.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};

use super::{CurrencyChoice, Person, ROWS, RoleTag, SanctionLine, given, href, show};
use crate::access::{Allow, Permission, Permit, Query};
use crate::admin::policy::{SeePeople, SeePerson};
use crate::admin::store;
use crate::billing::{self, Billing, MembershipView, Plan};
use crate::error::Result;
use crate::http::Site;
use crate::ids::{MemberId, RoleId};
use crate::members::{self, AdminMemberDetail, MemberFilter, MemberState, Session};
use crate::social;

#[derive(Deserialize)]
pub struct Find {
    q: Option<String>,
    state: Option<String>,
    role: Option<String>,
    after: Option<String>,
}

/// What `admin/members.html` sees.
#[derive(Serialize)]
struct MembersPage {
    people: Vec<Person>,
    roles: Vec<RoleTag>,
    q: String,
    state: String,
    role: Option<RoleId>,
    /// How many there are without filters.
    total: i64,
    /// Does a filter hold something back?
    is_filtered: bool,
    is_first: bool,
    first: String,
    next: Option<String>,
    /// May the one who looks act on several at once, and are they asked for a password?
    may_act: bool,
    has_password: bool,
}

fn state_of(text: &str) -> Option<MemberState> {
    match text {
        "active" => Some(MemberState::Active),
        "pending" => Some(MemberState::Pending),
        "banned" => Some(MemberState::Banned),
        _ => None,
    }
}

/// `GET /admin/members`.
pub async fn list(gate: Allow<SeePeople>, query: Query<Find>, site: Site) -> Result<HttpResponse> {
    show(gate, site, "admin/members.html", move |conn, _, actor| {
        let Find { q, state, role, after } = query.0;
        let (q, state) = (q.unwrap_or_default(), state.unwrap_or_default());
        let (role, after) = (given::<RoleId>(role.as_deref()), given::<MemberId>(after.as_deref()));
        let filter = MemberFilter { q: q.clone(), state: state_of(&state), role, after, limit: ROWS, ..MemberFilter::default() };
        let (found, next) = members::accounts(conn, filter, actor.now)?;
        let roles = members::roles(conn)?;
        let counts = store::member_counts(conn)?;
        let role_text = role.map(|id| id.to_string()).unwrap_or_default();
        let values = [("q", q.as_str()), ("state", state.as_str()), ("role", role_text.as_str())];
        let link = |id: &str| href("/admin/members", &[values[0], values[1], values[2], ("after", id)]);
        Ok(MembersPage {
            people: found.into_iter().map(|member| Person::of(member, &roles)).collect(),
            roles: roles.iter().filter(|role| role.kind != members::RoleKind::Member).map(RoleTag::of).collect(),
            total: counts.active + counts.pending + counts.banned,
            is_filtered: !q.trim().is_empty() || state_of(&state).is_some() || role.is_some(),
            is_first: after.is_none(),
            first: link(""),
            next: next.map(|id| link(&id.to_string())),
            may_act: [Permission::MembersManage, Permission::Ban].into_iter().any(|one| actor.permissions.has(one)),
            has_password: members::account(conn, actor.signed_in()?, actor.now)?.has_password,
            q,
            state,
            role,
        })
    })
    .await
}

/// A role that may be given or taken.
#[derive(Serialize)]
struct RoleChoice {
    #[serde(flatten)]
    tag: RoleTag,
    has: bool,
    may_move: bool,
}

/// What the one who looks may do here.
#[derive(Serialize)]
struct Rights {
    ban: bool,
    mute: bool,
    approve: bool,
    manage: bool,
    roles: bool,
    sees_private: bool,
    grant: bool,
    pay: bool,
}

/// How many reports there are of somebody.
#[derive(Serialize)]
struct Reported {
    open: i64,
    closed: i64,
}

/// What `admin/member.html` sees.
#[derive(Serialize)]
struct PersonPage {
    person: Person,
    email: Option<String>,
    sessions: Vec<Session>,
    sanctions: Vec<SanctionLine>,
    roles: Vec<RoleChoice>,
    may: Rights,
    is_own: bool,
    /// What they have; none for those who may not see it.
    membership: Option<MembershipView>,
    /// What is reported of them; none for those who may not see it, and on one's own page.
    reports: Option<Reported>,
    is_verified: bool,
    /// Can they not pay by card, since their bank took money back?
    card_blocked: bool,
    /// Plans that can be given.
    plans: Vec<Plan>,
    /// By which they pay.
    reference: Option<String>,
    /// Of money for a plan without a price.
    currency: CurrencyChoice,
}

/// `GET /admin/members/{member}`.
pub async fn person(gate: Allow<SeePerson>, site: Site, billing: Data<Billing>) -> Result<HttpResponse> {
    let currency = gate.ground().settings.get().currency;
    show(gate, site, "admin/member.html", move |conn, may, actor| {
        // The permit of the slice that keeps the account; its name stays there.
        let theirs = Permit::check(conn, actor, may.member())?;
        let AdminMemberDetail { member, email, sessions, sanctions } = members::account_detail(conn, &theirs, actor.now)?;
        let all = members::roles(conn)?;
        let (permissions, state) = (member.permissions, member.profile.state);
        let (is_active, is_there) = (state == MemberState::Active, state != MemberState::Deleted);
        let can_have = is_active || state == MemberState::Banned;
        let rights = Rights {
            ban: is_there && may.may(Permission::Ban, permissions),
            mute: is_active && may.may(Permission::Moderate, permissions),
            approve: state == MemberState::Pending && may.may(Permission::Approve, permissions),
            manage: is_there && may.may(Permission::MembersManage, permissions),
            roles: is_active && may.gives_roles(permissions),
            sees_private: may.sees_private(),
            grant: can_have && may.permissions().has(Permission::MembersGrant),
            pay: can_have && may.permissions().has(Permission::PaymentsRecord),
        };
        let choice = |role: &members::Role| RoleChoice {
            tag: RoleTag::of(role),
            has: member.profile.roles.contains(&role.id),
            may_move: role.kind != members::RoleKind::Member && may.permissions().reaches(role.permissions),
        };
        let roles = all.iter().map(choice).collect();
        let makers: Vec<MemberId> = sanctions.iter().filter_map(|sanction| sanction.made_by).collect();
        let makers = members::profiles(conn, &makers, actor.now)?;
        let membership = if may.sees_membership() {
            let theirs = Permit::check(conn, actor, may.member())?;
            Some(billing::grants_of(conn, &theirs, &billing, None, ROWS, actor.now)?)
        } else {
            None
        };
        let reports = if may.permissions().has(Permission::Moderate) && !may.is_own() {
            let (open, closed) = social::reports_of(conn, actor.signed_in()?, may.member())?;
            Some(Reported { open, closed })
        } else {
            None
        };
        let plans = if rights.grant || rights.pay { billing::plans(conn, false)? } else { Vec::new() };
        Ok(PersonPage {
            is_verified: membership.as_ref().is_some_and(|all| all.verified_by_administrator),
            card_blocked: rights.pay && billing::is_card_blocked(conn, may.member())?,
            membership: membership.map(MembershipView::from),
            reports,
            reference: if rights.pay { billing::reference_of(conn, may.member())? } else { None },
            currency: CurrencyChoice { code: currency, exponent: currency.exponent() },
            plans,
            person: Person::of(member, &all),
            email,
            sessions,
            sanctions: SanctionLine::all(sanctions, &makers),
            roles,
            may: rights,
            is_own: may.is_own(),
        })
    })
    .await
}
