//! What follows from a change of where a member stands: memory forgets, their log and their sign say it, and the next change in time is
//! put down as a job.

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::checkout::{END, FOREIGN, Look, SETTLE, end_now, mirror_now, settle_now};
use super::gifting::{GIFT_BACK, take_from_redeemer};
use super::refunding::{Owed, REFUND, refund_now};
use super::subscribing::{Due, SUBSCRIPTION, advance};
use super::switching::{BACK, ToPaid, back_now};
use super::{Billing, hold, letters, store};
use crate::billing::events::BillingEvent;
use crate::billing::model::{GrantEvent, GrantState, OrderRow, Rules};
use crate::billing::notices::Notice;
use crate::billing::store::log::NewEntry;
use crate::clock::{Clock, Millis};
use crate::error::{Error, Result};
use crate::ids::{GrantId, MemberId, PlanId};
use crate::jobs::{Enqueue, Job, JobHandler, enqueue};
use crate::live::{Hub, LogId};
use crate::members::{self, MemberState};
use crate::money::add_days;
use crate::storage::{Db, Tx};

/// Jobs at instants at which a member's grants begin or end.
pub const MEMBER: &str = "billing.member";
/// Jobs that tell many members where they stand now.
pub const SPREAD: &str = "billing.spread";
/// Jobs that say that something ends soon.
pub const REMIND: &str = "billing.remind";

/// Members told in one transaction.
const SLICE: i64 = 200;

/// What a job of the kind [`MEMBER`] needs to know.
#[derive(Serialize, Deserialize)]
struct Turn {
    member: MemberId,
}

/// What a job of the kind [`REMIND`] needs to know.
#[derive(Serialize, Deserialize)]
struct Remind {
    grant: GrantId,
}

/// Has somebody told, days before it, that what they have ends then. What ends sooner than that is not announced.
pub(super) fn remind(tx: &mut Tx<'_>, grant: GrantId, ends_at: Millis) -> Result<()> {
    let at = ends_at - Millis::from(letters::SOON_DAYS) * 86_400_000;
    if at <= tx.now() {
        return Ok(());
    }
    let options = Enqueue { run_at: Some(at), unique_key: Some(format!("{REMIND}/{grant}/{at}")), ..Enqueue::default() };
    enqueue(tx, REMIND, &Remind { grant }, options).map(|_| ())
}

/// Says that a grant ends soon, if it still does.
fn ends_soon(tx: &mut Tx<'_>, billing: &Billing, grant: GrantId) -> Result<()> {
    let Some(row) = store::grants::by_id(tx, grant)? else { return Ok(()) };
    let now = tx.now();
    let of_subscription = row.source_id.as_deref().and_then(|id| id.strip_prefix("subscription.")?.parse().ok());
    let subscription = of_subscription.map(|id| store::subscriptions::by_id(tx, id)).transpose()?.flatten();
    let (ends_at, then) = match &subscription {
        Some(one) => (one.ends_at(), one.is_charged_again().then(|| Ok::<_, Error>((one.money()?, one.every()))).transpose()?),
        None if row.is_paid() => (None, None),
        None => (row.ends_at, None),
    };
    let is_near = |end: &Millis| *end > now && *end <= add_days(now, letters::SOON_DAYS);
    match ends_at.filter(is_near) {
        Some(end) if row.period().state(now) == GrantState::Active => letters::ending(tx, billing, &row, end, then),
        _ => Ok(()),
    }
}

/// Who is told by a job of the kind [`SPREAD`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Whom {
    /// Those who have this plan, now or later.
    Holders(PlanId),
    /// Those who may have a sign beside their name.
    Signed,
    /// Those who are connected: everyone else is told when they come.
    Online,
}

/// After the rows of a member were changed: memory forgets with the commit, and they hear where they stand now.
pub(super) fn changed(tx: &mut Tx<'_>, billing: &Billing, member: MemberId, by: Option<MemberId>) -> Result<()> {
    let revision = store::standing::next_revision(tx)?;
    let standings = billing.standings.clone();
    tx.leave_memory_behind();
    tx.after_commit(move || standings.forget(member, revision));
    let rules = billing.rules(tx)?;
    tell(tx, billing, member, rules, by)
}

/// Tells a member that an order of theirs stands elsewhere.
pub(super) fn orders_changed(tx: &mut Tx<'_>, row: &OrderRow, by: Option<MemberId>) -> Result<()> {
    let event = BillingEvent::OrdersChanged { order: row.id, state: row.state() };
    tx.announce(LogId::Member(row.buyer), event.announcement(row.buyer, by)?).map(|_| ())
}

/// After plans or rules were changed: memory forgets everyone with the commit, and a job tells them.
pub(super) fn changed_for(tx: &mut Tx<'_>, billing: &Billing, whom: Whom) -> Result<()> {
    let revision = store::standing::next_revision(tx)?;
    let standings = billing.standings.clone();
    tx.leave_memory_behind();
    tx.after_commit(move || standings.forget_all(revision));
    enqueue(tx, SPREAD, &whom, Enqueue::default())?;
    Ok(())
}

/// Tells a member where they stand by the rows as they are now, puts the sign right, and has the next instant looked after.
fn tell(tx: &mut Tx<'_>, billing: &Billing, member: MemberId, rules: Rules, by: Option<MemberId>) -> Result<()> {
    let now = tx.now();
    let standing = store::standing::standing(tx, member, rules, now)?;
    let owed = super::subscribing::owed(tx, billing, member, now)?;
    tx.announce(LogId::Member(member), BillingEvent::of(&standing, owed).announcement(member, by)?)?;
    if members::set_badge(tx, member, by, standing.verified)? {
        billing.notices.tell(tx, Notice::BadgeChanged { member })?;
    }
    if let Some(at) = standing.changes_at {
        let options = Enqueue { run_at: Some(at), unique_key: Some(format!("{MEMBER}/{member}/{at}")), ..Enqueue::default() };
        enqueue(tx, MEMBER, &Turn { member }, options)?;
    }
    Ok(())
}

/// Writes down which grants of a member have begun or ended by now, and tells them if any has. Again it does nothing.
///
/// # Errors
/// When the database refuses.
pub fn turn(tx: &mut Tx<'_>, billing: &Billing, member: MemberId) -> Result<()> {
    hold(tx, member)?;
    let now = tx.now();
    let untold = store::grants::untold(tx, member, now)?;
    if untold.is_empty() {
        return Ok(());
    }
    for mut row in untold {
        let state = row.period().state(now);
        let (kind, at) = match (state, row.ends_at) {
            (GrantState::Ended, Some(end)) => (GrantEvent::Ended, end),
            _ => (GrantEvent::Began, row.starts_at),
        };
        let (grant, plan, ends_at) = (Some(row.id), Some(row.plan), row.ends_at);
        store::log::insert(tx, &NewEntry { member, at, kind, grant, plan, actor: None, ends_at, note: "" })?;
        row.phase = state.number();
        store::grants::save(tx, &row)?;
        if state == GrantState::Ended {
            letters::ended(tx, billing, &row)?;
        }
    }
    let rules = billing.rules(tx)?;
    tell(tx, billing, member, rules, None)
}

/// Tells some members, in the order of their ids, where they stand now.
fn tell_some(tx: &mut Tx<'_>, billing: &Billing, members: &[MemberId]) -> Result<()> {
    let (rules, now) = (billing.rules(tx)?, tx.now());
    let mut there: Vec<MemberId> = members::profiles(tx, members, now)?
        .into_iter()
        .filter(|profile| profile.state != MemberState::Deleted)
        .map(|profile| profile.id)
        .collect();
    there.sort_unstable();
    for member in there {
        hold(tx, member)?;
        tell(tx, billing, member, rules, None)?;
    }
    Ok(())
}

/// Does the jobs of this slice.
#[derive(Clone, Debug)]
pub struct Turner {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Who is connected.
    pub hub: Hub,
    /// The slice's memory and listeners.
    pub billing: Billing,
}

impl Turner {
    async fn tell_slice(&self, slice: Vec<MemberId>) -> Result<()> {
        let billing = self.billing.clone();
        self.db.write(move |tx| tell_some(tx, &billing, &slice)).await
    }
}

/// Tells everyone whom a change of a plan or of the rules concerns, slice by slice.
async fn spread(turner: &Turner, whom: Whom) -> Result<()> {
    if let Whom::Online = whom {
        let mut online = turner.hub.those_online(usize::MAX);
        online.sort_unstable();
        for slice in online.chunks(usize::try_from(SLICE).unwrap_or(1)) {
            turner.tell_slice(slice.to_vec()).await?;
        }
        return Ok(());
    }
    let mut after = MemberId(0);
    loop {
        let now = turner.clock.now();
        let slice = turner
            .db
            .read(move |conn| match whom {
                Whom::Holders(plan) => store::grants::holders(conn, plan, after, now, SLICE),
                Whom::Signed | Whom::Online => store::grants::signed(conn, after, now, SLICE),
            })
            .await?;
        let Some(last) = slice.last().copied() else { return Ok(()) };
        after = last;
        turner.tell_slice(slice).await?;
    }
}

impl JobHandler for Turner {
    fn run(&self, job: Job) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            if job.kind == SPREAD {
                return spread(self, job.read()?).await;
            }
            if job.kind == SUBSCRIPTION {
                let Due { subscription } = job.read()?;
                mirror_now(&self.db, &self.billing, subscription).await?;
                let billing = self.billing.clone();
                return self.db.write(move |tx| advance(tx, &billing, subscription)).await;
            }
            if job.kind == SETTLE {
                let Look { order, close } = job.read()?;
                return match settle_now(&self.db, &self.billing, order, close).await {
                    // It is written down, and a person looks: asked again it would say the same.
                    Err(error) if error.code() == FOREIGN => Ok(()),
                    other => other.map(|_| ()),
                };
            }
            if job.kind == REFUND {
                let Owed { refund } = job.read()?;
                return refund_now(&self.db, &self.billing, refund).await;
            }
            if job.kind == GIFT_BACK {
                let (gone, billing) = (job.read()?, self.billing.clone());
                return self.db.write(move |tx| take_from_redeemer(tx, &billing, gone)).await;
            }
            if job.kind == BACK {
                let ToPaid { subscription } = job.read()?;
                return back_now(&self.db, &self.billing, subscription).await;
            }
            if job.kind == END {
                return end_now(&self.db, &self.billing, job.read()?).await;
            }
            if job.kind == REMIND {
                let (Remind { grant }, billing) = (job.read()?, self.billing.clone());
                return self.db.write(move |tx| ends_soon(tx, &billing, grant)).await;
            }
            let Turn { member } = job.read()?;
            let billing = self.billing.clone();
            self.db.write(move |tx| turn(tx, &billing, member)).await
        })
    }
}
