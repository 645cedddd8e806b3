//! The slice's page for members: what I have, why, and until when. The dashboard shows the same of others.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;

use super::actions::{self, Billing, Membership, Offers, OrderLines, Origin};
use super::model::{Entitlements, Gift, Grant, GrantEntry, GrantState, Order, OrderState, Payment, Plan, Subscription, Totals};
use super::policy::SeeReceipt;
use super::providers::ProviderKind;
use crate::access::{Allow, PAGE_DEFAULT, Query, Routes, Token, typed_code};
use crate::clock::Millis;
use crate::error::{Found, Result};
use crate::http::Site;
use crate::ids::{GrantEntryId, MemberId};
use crate::members::{self, Badge, Profile, SeeMe};

/// Registers it.
pub fn mount(routes: &mut Routes<'_>) {
    routes.get("/settings/membership", mine).get("/receipts/{payment}", receipt);
}

/// Entitlements in the order in which people see them, with what sort of thing each is.
const ORDER: [(&str, Sort); 8] = [
    ("calls.start", Sort::Right),
    ("calls.video", Sort::Right),
    ("calls.group_size", Sort::Limit),
    ("calls.max_minutes", Sort::Limit),
    ("calls.record", Sort::Right),
    ("rooms.create", Sort::Right),
    ("upload.max_mb", Sort::Allowance),
    ("storage.quota_mb", Sort::Allowance),
];

/// What sort of thing an entitlement is.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Sort {
    Right,
    Limit,
    Allowance,
}

/// One thing that somebody may do.
#[derive(Serialize)]
pub(crate) struct Can {
    /// The end of the key of its words.
    word: String,
    sort: Sort,
    /// How much; none: no limit.
    number: Option<u32>,
    /// Names of the plans that it comes from.
    plans: Vec<String>,
    /// Has everyone it?
    everyone: bool,
}

/// A grant with the name of who gave it.
#[derive(Serialize)]
pub(crate) struct GrantLine {
    #[serde(flatten)]
    grant: Grant,
    by: Option<Profile>,
    /// Does it hold, or will it?
    open: bool,
}

/// An entry of the log with the name of who did it.
#[derive(Serialize)]
pub(crate) struct EntryLine {
    #[serde(flatten)]
    entry: GrantEntry,
    actor: Option<Profile>,
}

/// What pages show of a membership.
#[derive(Serialize)]
pub(crate) struct MembershipView {
    can: Vec<Can>,
    plans: Vec<String>,
    badge: Option<Badge>,
    /// What is paid from period to period; what is over is left out.
    subscriptions: Vec<Subscription>,
    totals: Vec<Totals>,
    grants: Vec<GrantLine>,
    log: Vec<EntryLine>,
    /// Where the log goes on.
    next: Option<String>,
}

fn number_of(all: &Entitlements, name: &str) -> Option<u32> {
    match name {
        "calls.group_size" => all.calls_group_size,
        "calls.max_minutes" => all.calls_max_minutes,
        "upload.max_mb" => all.upload_max_mb,
        "storage.quota_mb" => all.storage_quota_mb,
        _ => None,
    }
}

impl From<Membership> for MembershipView {
    fn from(all: Membership) -> Self {
        let person = |id: Option<MemberId>| all.members.iter().find(|one| Some(one.id) == id).cloned();
        let can = ORDER.iter().filter_map(|(name, sort)| {
            let from = all.origins.get(*name)?;
            let plan = |origin: &Origin| if let Origin::Plan(plan) = origin { Some(plan.name.clone()) } else { None };
            Some(Can {
                word: name.replace('.', "_"),
                sort: *sort,
                number: number_of(&all.entitlements, name),
                plans: from.iter().filter_map(plan).collect(),
                everyone: from.contains(&Origin::Everyone),
            })
        });
        let grant = |grant: &Grant| GrantLine {
            by: person(grant.given_by),
            open: matches!(grant.state, GrantState::Active | GrantState::Future),
            grant: grant.clone(),
        };
        Self {
            can: can.collect(),
            plans: all.plans.iter().map(|plan| plan.name.clone()).collect(),
            badge: all.verified.clone(),
            subscriptions: all.subscriptions.iter().filter(|one| one.ended_at.is_none()).cloned().collect(),
            totals: all.totals.clone(),
            grants: all.grants.iter().map(grant).collect(),
            log: all.log.items.iter().map(|entry| EntryLine { actor: person(entry.by), entry: entry.clone() }).collect(),
            next: all.log.next.clone(),
        }
    }
}

#[derive(serde::Deserialize)]
struct Older {
    before: Option<GrantEntryId>,
    /// The code of a gift, from its address.
    code: Option<String>,
}

/// A plan on offer, with what it gives.
#[derive(Serialize)]
struct OfferLine {
    #[serde(flatten)]
    plan: Plan,
    can: Vec<Can>,
    /// Is it paid for already?
    has: bool,
    /// Does a wish for it wait?
    asked: bool,
    /// Under which the next wish is sent.
    key: String,
    /// Under which the next wish for it as a gift is sent.
    gift_key: String,
}

impl OfferLine {
    fn of(plan: Plan, all: &Membership, waiting: &[Order]) -> Result<Self> {
        let has = all.plans.iter().any(|one| one.id == plan.id);
        let asked = waiting.iter().any(|order| {
            order.provider == ProviderKind::Manual
                && !order.gift
                && !order.change
                && order.plan.as_ref().is_some_and(|one| one.id == plan.id)
        });
        let worth = serde_json::to_value(&plan.entitlements)?;
        let gives = |name: &str| worth.get(name).is_some_and(|value| value.as_bool() == Some(true) || value.is_number());
        let can = ORDER.iter().filter(|(name, _)| gives(name)).map(|(name, sort)| Can {
            word: name.replace('.', "_"),
            sort: *sort,
            number: number_of(&plan.entitlements, name),
            plans: Vec::new(),
            everyone: false,
        });
        let key = || Ok::<_, crate::error::Error>(Token::random()?.reveal()[..22].to_owned());
        Ok(Self { can: can.collect(), has, asked, key: key()?, gift_key: key()?, plan })
    }
}

/// What `billing/membership.html` sees.
#[derive(Serialize)]
struct MembershipPage {
    membership: MembershipView,
    is_first: bool,
    /// Plans on offer.
    offers: Vec<OfferLine>,
    /// Providers at which they can be paid now.
    ways: Vec<ProviderKind>,
    /// How this community takes payment, in its own words.
    words: String,
    reference: Option<String>,
    /// What was asked for, or is due, and waits.
    waiting: Vec<Order>,
    /// Does any of it wait to be paid by hand?
    by_hand: bool,
    /// What became of orders, newest first.
    past: Vec<OrderLines>,
    /// Gifts that the member has bought for others.
    gifts: Vec<Gift>,
    /// The code of a gift that is to be redeemed, as it stands in the page's address.
    code: String,
    /// For how many days yet what is owed can be paid before something ends; by subscription, in the order of those that are paid. None: nothing
    /// is asked for.
    days_left: Vec<Option<i64>>,
    /// Can the plan of a subscription be changed? In the same order.
    changes: Vec<bool>,
    /// Is there a promotion code that somebody may have?
    promotions: bool,
}

/// Days that are left to pay what is owed, a day that has begun counted whole; none while nothing is, and for what has lapsed or was cancelled.
fn days_left(one: &Subscription, now: Millis) -> Option<i64> {
    one.past_due_since.filter(|_| !one.cancels_at_end)?;
    let left = one.access_until.filter(|until| *until > now)? - now;
    Some(left.div_euclid(86_400_000) + 1)
}

async fn mine(gate: Allow<SeeMe>, query: Query<Older>, site: Site, billing: Data<Billing>) -> Result<HttpResponse> {
    let visitor = gate.visitor().clone();
    let Older { before, code } = query.0;
    let asked = visitor.clone();
    let code = code.map(|code| typed_code(&code)).unwrap_or_default();
    let (looker, page) = gate
        .read(move |conn, may, actor| {
            let membership = actions::membership(conn, may, &billing, before, PAGE_DEFAULT, actor.now)?;
            let Offers { plans, ways, words, reference, waiting, promotions } = actions::offers(conn, may, &billing, actor.now)?;
            let offers = plans.into_iter().map(|plan| OfferLine::of(plan, &membership, &waiting)).collect::<Result<_>>()?;
            let mut past = actions::my_orders(conn, may, None, PAGE_DEFAULT)?.items;
            past.retain(|one| one.order.state != OrderState::Awaiting);
            let by_hand = waiting.iter().any(|one| one.provider == ProviderKind::Manual);
            let gifts = actions::my_gifts(conn, may, &billing, actor.now)?;
            let (membership, is_first) = (MembershipView::from(membership), before.is_none());
            let changes = membership.subscriptions.iter().map(|one| actions::can_change(conn, one.id, actor.now)).collect::<Result<_>>()?;
            let days_left = membership.subscriptions.iter().map(|one| days_left(one, actor.now)).collect();
            let page = MembershipPage {
                membership,
                is_first,
                offers,
                ways,
                words,
                reference,
                waiting,
                by_hand,
                past,
                gifts,
                code,
                days_left,
                changes,
                promotions,
            };
            Ok((members::looker(conn, actor, &asked)?, page))
        })
        .await?;
    site.page(&looker, &visitor, "billing/membership.html", page)
}

/// What `billing/receipt.html` sees.
#[derive(Serialize)]
struct ReceiptPage {
    payment: Payment,
    order: Order,
    payer: Profile,
    /// Who took the money; none: somebody who is gone.
    taker: Option<Profile>,
    /// The member's payment reference.
    reference: Option<String>,
}

/// `GET /receipts/{payment}`: one receipt, to be printed.
async fn receipt(gate: Allow<SeeReceipt>, site: Site) -> Result<HttpResponse> {
    let visitor = gate.visitor().clone();
    let asked = visitor.clone();
    let (looker, page) = gate
        .read(move |conn, may, actor| {
            let (payment, order) = actions::receipt(conn, may)?;
            let order = order.order;
            let people: Vec<MemberId> = payment.recorded_by.into_iter().chain([order.buyer]).collect();
            let profiles = members::profiles(conn, &people, actor.now)?;
            let person = |id: MemberId| profiles.iter().find(|one| one.id == id).cloned();
            let (payer, taker) = (person(order.buyer).found()?, payment.recorded_by.and_then(person));
            let reference = actions::reference_of(conn, order.buyer)?;
            Ok((members::looker(conn, actor, &asked)?, ReceiptPage { payment, order, payer, taker, reference }))
        })
        .await?;
    site.page(&looker, &visitor, "billing/receipt.html", page)
}
