//! Events of a member's own log that this slice writes: kinds 300–399.

use serde::Serialize;

use super::model::{Entitlements, OrderState, Owed, Standing};
use crate::error::Result;
use crate::ids::{MemberId, OrderId, PlanId};
use crate::live::Effect;
use crate::storage::{Announcement, LogEntry};

/// Number of `entitlements_changed`, stored.
pub const ENTITLEMENTS_CHANGED: i16 = 300;

/// Number of `orders_changed`, stored.
pub const ORDERS_CHANGED: i16 = 301;

/// An event on the wire.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BillingEvent {
    /// A grant was given, changed, began or is over, or a plan became something else.
    EntitlementsChanged {
        /// As they now are.
        entitlements: Entitlements,
        /// The plans that the member now has.
        plans: Vec<PlanId>,
        /// What the member owes; null: nothing.
        owed: Option<Owed>,
    },
    /// An order of the member was placed, paid, turned down or ended in another way.
    OrdersChanged {
        /// Which.
        order: OrderId,
        /// Where it stands.
        state: OrderState,
    },
}

impl BillingEvent {
    /// That a member now stands here, and owes this.
    #[must_use]
    pub fn of(standing: &Standing, owed: Option<Owed>) -> Self {
        Self::EntitlementsChanged { entitlements: standing.entitlements.clone(), plans: standing.plans.clone(), owed }
    }

    /// The event as it is written to the member's log.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn announcement(&self, member: MemberId, actor: Option<MemberId>) -> Result<Announcement> {
        let (kind, subject) = match self {
            Self::EntitlementsChanged { .. } => (ENTITLEMENTS_CHANGED, member.0),
            Self::OrdersChanged { order, .. } => (ORDERS_CHANGED, order.0),
        };
        Ok(Announcement {
            kind,
            actor,
            subject: Some(subject),
            event: serde_json::to_string(self)?,
            entry: LogEntry::Whole,
            effect: Effect::None,
            instead: Vec::new(),
        })
    }
}
