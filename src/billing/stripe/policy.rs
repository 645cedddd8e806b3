//! Who may connect an account, and look at what it told. The only place that makes these permits.

use diesel::prelude::*;

use crate::access::{Actor, Permission, Permit, Scope};
use crate::error::{Found, Result};
use crate::ids::{MemberId, StripeEventId};
use crate::storage::Conn;
use crate::storage::schema::stripe_events;

/// Connect an account, and let it go.
#[derive(Debug)]
pub struct ManageStripe {
    by: MemberId,
}

impl Permit for ManageStripe {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        Ok(Self { by: actor.allowed(Permission::SettingsManage)? })
    }
}

impl ManageStripe {
    /// Who.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
    }
}

/// Have one event looked at again.
#[derive(Debug)]
pub struct ReplayEvent {
    event: StripeEventId,
}

impl Permit for ReplayEvent {
    type Target = StripeEventId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, event: StripeEventId) -> Result<Self> {
        actor.allowed(Permission::SettingsManage)?;
        stripe_events::table.find(event.0).select(stripe_events::id).first::<i64>(conn).optional()?.found()?;
        Ok(Self { event })
    }
}

impl ReplayEvent {
    /// Which.
    #[must_use]
    pub const fn event(&self) -> StripeEventId {
        self.event
    }
}
