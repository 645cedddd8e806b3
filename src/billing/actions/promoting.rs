//! Promotion codes: made and ended by administrators, used by whoever types them before they pay.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ordering::priced;
use super::{hold, store};
use crate::access::{Actor, Page};
use crate::billing::model::{
    Discount, Every, Lasts, LineKind, NewPromotion, Off, OrderRow, PlanName, PriceRow, Promotion, PromotionRow, SubscriptionRow,
    promotion_code,
};
use crate::billing::policy::{Buy, EditPlans, EndPromotion, SeePromotions};
use crate::billing::providers::ProviderKind;
use crate::clock::Millis;
use crate::error::{Error, Found, Result};
use crate::ids::{MemberId, PlanId, PriceId, PromotionId};
use crate::money::{MOST, Money};
use crate::settings::Settings;
use crate::storage::{Act, Conn, Tx, record};

/// Characters of a code.
const CODE: std::ops::RangeInclusive<usize> = 3..=24;
/// In a hundred. For nothing there are gifts.
const PERCENT: std::ops::RangeInclusive<u8> = 1..=99;
/// Months for which one lasts.
const MONTHS: std::ops::RangeInclusive<i16> = 1..=36;
/// Uses of one.
const USES: std::ops::RangeInclusive<i32> = 1..=100_000;
/// Most codes of a community, also those that are over.
const CODES: i64 = 10_000;
/// The latest end of one: ten years.
const FARTHEST: Millis = 10 * 366 * 86_400_000;

/// What somebody typed, and for what.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct TypedPromotion {
    /// The code; capitals, dashes and spaces do not matter.
    pub code: String,
    /// What is to be bought with it.
    pub price: PriceId,
    /// Is it for somebody else?
    #[serde(default)]
    pub gift: bool,
}

/// What a code makes of a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Promoted {
    /// The code as it is written.
    pub code: String,
    /// What is paid first.
    pub total: Money,
    /// What is paid without the code.
    pub full: Money,
    /// How often it is paid.
    pub every: Every,
    /// Of how many payments something is taken off; null: of all of them.
    pub payments: Option<u32>,
}

/// A code that counts for what is bought.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    pub row: PromotionRow,
    pub discount: Discount,
    /// For which plans; empty: for all of them.
    pub plans: Vec<PlanId>,
    /// What is paid first.
    pub total: Money,
}

impl Counts {
    /// A new order costs what is left, and says why.
    pub fn apply(&self, row: &mut OrderRow) {
        row.amount = self.total.amount;
        (row.promotion, row.promotion_code) = (Some(self.row.id), Some(self.row.code.clone()));
    }
}

/// For which plans a code is; empty: for all of them.
fn plans_of(conn: &mut Conn, promotion: PromotionId) -> Result<Vec<PlanId>> {
    let plans = store::promotions::plans_of(conn, &[promotion])?.remove(&promotion).unwrap_or_default();
    Ok(plans.into_iter().map(|plan| plan.id).collect())
}

fn is_for(plans: &[PlanId], plan: PlanId) -> bool {
    plans.is_empty() || plans.contains(&plan)
}

/// The code that still takes something off of what is paid by hand, where it is paid for this plan: one that is for others waits until it is
/// theirs again.
fn running(conn: &mut Conn, of: &SubscriptionRow, plan: PlanId) -> Result<Option<PromotionRow>> {
    let Some(promotion) = of.promotion.filter(|_| of.is_reduced()) else { return Ok(None) };
    let is_for_it = is_for(&plans_of(conn, promotion)?, plan);
    Ok(store::promotions::by_id(conn, promotion)?.filter(|_| is_for_it))
}

/// The next payment by hand, for this plan, costs what a code leaves of it, while it lasts; that is no other use of the code.
pub(super) fn renewed(conn: &mut Conn, of: &SubscriptionRow, plan: PlanId, order: &mut OrderRow) -> Result<()> {
    let Some(row) = running(conn, of, plan)? else { return Ok(()) };
    let full = order.total()?;
    if let Some(left) = row.discount().and_then(|discount| discount.off.of(full)) {
        (order.amount, order.promotion_code) = (left.amount, Some(row.code));
    }
    Ok(())
}

/// A period of this plan was paid by hand: what is paid from now on is reduced by the code that was used, from here on and for as long as it
/// lasts. Where one runs already, that one goes on.
pub(super) fn paid(conn: &mut Conn, of: &mut SubscriptionRow, order: &OrderRow, (plan, every): (PlanId, Every)) -> Result<()> {
    match order.promotion {
        Some(used) if running(conn, of, plan)?.is_none() => {
            let row = store::promotions::by_id(conn, used)?.found()?;
            of.promotion = Some(used);
            of.promotion_left = row.discount().map_or(Some(0), |discount| discount.left_after(every));
        }
        None if order.promotion_code.is_some() => of.promotion_left = of.promotion_left.map(|left| left - every.count_months()),
        _ => {}
    }
    Ok(())
}

/// A reduced payment went back: its months are left again, if its code is still the one that counts.
pub(super) fn unpaid(conn: &mut Conn, of: &mut SubscriptionRow, order: &OrderRow, every: Every) -> Result<()> {
    let running = of.promotion.map(|id| store::promotions::by_id(conn, id)).transpose()?.flatten();
    if running.is_some_and(|row| Some(row.code) == order.promotion_code) {
        of.promotion_left = of.promotion_left.map(|left| left + every.count_months());
    }
    Ok(())
}

/// Does a code take something off already of what a member pays by hand for this plan? Then it takes no other one.
pub(super) fn runs_already(conn: &mut Conn, member: MemberId, plan: PlanId) -> Result<bool> {
    for row in store::subscriptions::going_on(conn, member)? {
        if row.provider() == ProviderKind::Manual && row.plan == plan && running(conn, &row, plan)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The code that somebody typed, if it counts for them and for this price; nothing typed is none. The caller holds the member.
///
/// # Errors
/// On `promotion`: `billing.promotion_code` for one that never was or was ended, `billing.promotion_expired`, `billing.promotion_used` also by
/// themselves, `billing.promotion_waits` where another order of theirs waits with it, `billing.promotion_plan` where it is for something else.
pub(super) fn counting(
    conn: &mut Conn,
    typed: Option<&str>,
    member: MemberId,
    (price, kind): (&PriceRow, LineKind),
    now: Millis,
) -> Result<Option<Counts>> {
    let code = promotion_code(typed.unwrap_or(""));
    if code.is_empty() {
        return Ok(None);
    }
    let refused = |code| Error::invalid("promotion", code);
    let row =
        store::promotions::by_code(conn, &code)?.filter(|row| row.ended_at.is_none()).ok_or_else(|| refused("billing.promotion_code"))?;
    if row.expires_at.is_some_and(|end| end <= now) {
        return Err(refused("billing.promotion_expired"));
    }
    if store::promotions::has_paid(conn, row.id, member)? {
        return Err(refused("billing.promotion_used"));
    }
    if store::promotions::waits_elsewhere(conn, row.id, member, (price.plan, kind))? {
        return Err(refused("billing.promotion_waits"));
    }
    let plans = plans_of(conn, row.id)?;
    let discount = row.discount().filter(|_| is_for(&plans, price.plan)).ok_or_else(|| refused("billing.promotion_plan"))?;
    let total = discount.off.of(price.money()?).ok_or_else(|| refused("billing.promotion_plan"))?;
    Ok(Some(Counts { row, discount, plans, total }))
}

/// From here on nobody else changes how often these codes are used, until the end of the transaction. Whoever changes several asks for them
/// first, so that no two wait for each other.
pub(super) fn hold_uses(tx: &mut Tx<'_>, mut codes: Vec<PromotionId>) -> Result<()> {
    codes.sort_unstable();
    codes.dedup();
    codes.into_iter().try_for_each(|id| store::promotions::lock(tx, id))
}

/// Takes a use of a code for a new order. It is given back when the order ends without money.
pub(super) fn claim(tx: &mut Tx<'_>, promotion: PromotionId) -> Result<()> {
    let now = tx.now();
    if store::promotions::claim(tx, promotion, now)? { Ok(()) } else { Err(Error::invalid("promotion", "billing.promotion_used")) }
}

/// An order ended without money, or was paid although it had: its use is given back, or is one after all.
pub(super) fn count_use(tx: &mut Tx<'_>, order: &OrderRow, is_used: bool) -> Result<()> {
    match order.promotion {
        Some(promotion) if is_used => store::promotions::count_again(tx, promotion),
        Some(promotion) => store::promotions::release(tx, promotion),
        None => Ok(()),
    }
}

/// What a code makes of a price for the member who asks; it uses nothing.
///
/// # Errors
/// Those of `counting`, also `billing.promotion_used` when none is left; and those of prices.
pub fn promoted(tx: &mut Tx<'_>, may: &Buy, new: &TypedPromotion) -> Result<Promoted> {
    hold(tx, may.member())?;
    let now = tx.now();
    let plan = store::prices::by_id(tx, new.price)?.ok_or_else(|| Error::invalid("price", "billing.price_unknown"))?.plan;
    let price = priced(tx, plan, Some(new.price))?.found()?;
    let kind = LineKind::of(new.gift);
    let counts = counting(tx, Some(&new.code), may.member(), (&price, kind), now)?;
    let counts = counts.ok_or_else(|| Error::invalid("promotion", "billing.promotion_code"))?;
    if counts.row.max_uses.is_some_and(|most| counts.row.uses >= most) {
        return Err(Error::invalid("promotion", "billing.promotion_used"));
    }
    let every = if kind == LineKind::Gift { Every::Once } else { price.every() };
    Ok(Promoted { code: counts.row.code, total: counts.total, full: price.money()?, every, payments: counts.discount.payments(every) })
}

fn checked(tx: &mut Tx<'_>, new: &NewPromotion) -> Result<(String, Option<i16>, Option<Money>)> {
    let (code, now) = (promotion_code(&new.code), tx.now());
    if !CODE.contains(&code.chars().count()) || new.code.chars().any(|c| !c.is_ascii_alphanumeric() && c != '-' && c != ' ') {
        return Err(Error::invalid("code", "billing.promotion_code_shape"));
    }
    if store::promotions::by_code(tx, &code)?.is_some() {
        return Err(Error::invalid("code", "billing.promotion_code_taken"));
    }
    let off = match (new.percent, new.amount) {
        (Some(percent), None) if PERCENT.contains(&percent) => (Some(i16::from(percent)), None),
        (None, Some(amount)) if (1..=MOST).contains(&amount) => {
            let currency = new.currency.map_or_else(|| Settings::load(tx).map(|settings| settings.currency), Ok)?;
            (None, Some(Money::new(amount, currency)))
        }
        (Some(_), _) => return Err(Error::invalid("percent", "billing.promotion_percent")),
        _ => return Err(Error::invalid("amount", "billing.promotion_amount")),
    };
    if (new.lasts == Lasts::Months) != new.months.is_some() || new.months.is_some_and(|months| !MONTHS.contains(&months)) {
        return Err(Error::invalid("months", "billing.promotion_months"));
    }
    if new.max_uses.is_some_and(|uses| !USES.contains(&uses)) {
        return Err(Error::invalid("max_uses", "billing.promotion_uses"));
    }
    match new.expires_at {
        Some(end) if end <= now => return Err(Error::invalid("expires_at", "billing.ends_past")),
        Some(end) if end > now + FARTHEST => return Err(Error::invalid("expires_at", "billing.too_far")),
        _ => {}
    }
    Ok((code, off.0, off.1))
}

/// Makes a promotion code.
///
/// # Errors
/// `billing.promotion_code_shape`, `billing.promotion_code_taken`, `billing.promotion_percent`, `billing.promotion_amount`,
/// `billing.promotion_months`, `billing.promotion_uses`, `billing.ends_past`, `billing.too_far`, `billing.plan_unknown`, `billing.promotion_count`.
pub fn make_promotion(tx: &mut Tx<'_>, may: &EditPlans, actor: &Actor, new: &NewPromotion) -> Result<Promotion> {
    let (code, percent, amount) = checked(tx, new)?;
    for plan in &new.plans {
        store::plans::by_id(tx, *plan)?.ok_or_else(|| Error::invalid("plans", "billing.plan_unknown"))?;
    }
    if store::promotions::count(tx)? >= CODES {
        return Err(Error::conflict("billing.promotion_count"));
    }
    let row = PromotionRow {
        id: tx.new_id(),
        code,
        percent,
        amount: amount.map(|money| money.amount),
        currency: amount.map(|money| money.currency.code().to_owned()),
        lasts: new.lasts.number(),
        months: new.months,
        expires_at: new.expires_at,
        max_uses: new.max_uses,
        uses: 0,
        made_by: may.by(),
        made_at: tx.now(),
        ended_at: None,
        ended_by: None,
    };
    let mut plans: Vec<PlanId> = new.plans.clone();
    plans.sort_unstable();
    plans.dedup();
    store::promotions::insert(tx, &row, &plans)?;
    let now = tx.now();
    let made = shown(tx, vec![row], now)?.pop().found()?;
    trace(tx, actor, "promotions.make", &made)?;
    Ok(made)
}

/// Ends a code: nobody uses it any more, and who uses it keeps what it takes off.
///
/// # Errors
/// `billing.promotion_over` when it was ended before.
pub fn end_promotion(tx: &mut Tx<'_>, may: &EndPromotion, actor: &Actor) -> Result<Promotion> {
    let now = tx.now();
    if !store::promotions::end(tx, may.promotion(), may.by(), now)? {
        return Err(Error::conflict("billing.promotion_over"));
    }
    let row = store::promotions::by_id(tx, may.promotion())?.found()?;
    let ended = shown(tx, vec![row], now)?.pop().found()?;
    trace(tx, actor, "promotions.end", &ended)?;
    Ok(ended)
}

fn trace(tx: &mut Tx<'_>, actor: &Actor, act: &'static str, one: &Promotion) -> Result<()> {
    let off = match one.off {
        Off::Percent { percent } => format!("{percent} %"),
        Off::Amount { money } => format!("{} {}", money.decimal(), money.currency),
    };
    let after = Some(json!({ "code": one.code, "off": off, "expires_at": one.expires_at, "max_uses": one.max_uses }));
    let (subject, address) = (one.id.to_string(), actor.address);
    record(tx, &Act { actor: actor.member, act, subject_kind: "promotion", subject, before: None, after, reason: None, address })?;
    Ok(())
}

/// Every code, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn promotions(conn: &mut Conn, _: &SeePromotions, before: Option<PromotionId>, limit: i64, now: Millis) -> Result<Page<Promotion>> {
    let rows = Page::of(store::promotions::find(conn, before, limit + 1)?, limit, |row| row.id.to_string());
    Ok(Page { items: shown(conn, rows.items, now)?, next: rows.next })
}

/// Do members have a reason to look for a code: is there one that can be used?
///
/// # Errors
/// When the database cannot be read.
pub(super) fn has_open(conn: &mut Conn, now: Millis) -> Result<bool> {
    store::promotions::has_open(conn, now)
}

fn shown(conn: &mut Conn, rows: Vec<PromotionRow>, now: Millis) -> Result<Vec<Promotion>> {
    let ids: Vec<PromotionId> = rows.iter().map(|row| row.id).collect();
    let mut plans = store::promotions::plans_of(conn, &ids)?;
    rows.into_iter()
        .map(|row| {
            let discount = row.discount().ok_or_else(|| Error::broken(format!("{} takes nothing off", row.code)))?;
            let (state, plans): (_, Vec<PlanName>) = (row.state(now), plans.remove(&row.id).unwrap_or_default());
            Ok(Promotion {
                id: row.id,
                code: row.code,
                off: discount.off,
                lasts: discount.lasts,
                months: discount.months,
                plans,
                expires_at: row.expires_at,
                max_uses: row.max_uses,
                uses: row.uses,
                state,
                made_by: row.made_by,
                made_at: row.made_at,
                ended_at: row.ended_at,
            })
        })
        .collect()
}
