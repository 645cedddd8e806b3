//! A town with one order that waits, and what its books come to.

use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde_json::json;

use super::super::double;
use super::NOON;
use crate::access::{Actor, Permit};
use crate::billing::actions::{self, Billing, Prepared, seed};
use crate::billing::model::{Every, LineKind, NewPlan, NewPrice};
use crate::billing::policy::Buy;
use crate::billing::providers::{ProviderKind, Providers};
use crate::billing::stripe::connection::Stripe;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::ids::{Ids, OrderId};
use crate::live::{Logged, Signal};
use crate::members::{self, DisplayName, NewMember, RoleKind, Username};
use crate::storage::{Conn, Db, DbLimits, Sink, Target, Tx};

struct Nobody;

impl Sink for Nobody {
    fn publish(&self, _: Vec<Logged>) {}
    fn signal(&self, _: Signal) {}
    fn wake_jobs(&self) {}
}

/// A town with one member, whose order for this price waits at the double: all that there was before the events.
pub(super) struct Market {
    pub(super) db: Db,
    pub(super) billing: Billing,
    pub(super) order: OrderId,
    pub(super) stripe: Stripe,
    _folder: tempfile::TempDir,
}

impl Market {
    pub(super) async fn open(every: Every) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (clock, _) = Clock::held(NOON);
        let ids = Arc::new(Ids::new(clock.clone()));
        let target = Target::Sqlite(folder.path().join("rialto.db"));
        let db = Db::open(target, DbLimits::default(), clock.clone(), ids, Arc::new(Nobody)).expect("a database");
        let machine = crate::config::Machine { address: None, processors: 1 };
        let mut config = crate::config::Config::from(crate::config::Given::default(), &machine).expect("defaults work");
        config.stripe_key = Some(double::KEY.to_owned());
        let keys = crate::access::Keys::new([7; 32]);
        let stripe = Stripe::new(db.clone(), clock, keys, Arc::new(config));
        stripe.reload().await.expect("a key");
        let billing = Billing::alone().selling_through(Providers::new(vec![Arc::new(stripe.clone())]));
        let within = billing.clone();
        let placed = db.write(move |tx| place(tx, &within, every)).await;
        let order = placed.expect("an order");
        Self { db, billing, order, stripe, _folder: folder }
    }
}

fn place(tx: &mut Tx<'_>, billing: &Billing, every: Every) -> Result<OrderId> {
    members::ensure_built_in_roles(tx)?;
    let mut new = NewMember::named(Username::parse("olave")?, DisplayName::parse("Olave")?);
    new.roles.push(members::built_in_role(tx, RoleKind::Owner)?);
    let owner = members::create_member(tx, &new)?;
    let member = members::create_member(tx, &NewMember::named(Username::parse("ann")?, DisplayName::parse("Ann")?))?;
    let plan: NewPlan = serde_json::from_value(json!({ "name": "Friends", "entitlements": { "calls.start": true } }))?;
    let plan = seed::place_plan(tx, owner, plan)?.id;
    let price: NewPrice = serde_json::from_value(json!({ "amount": 1_200, "currency": "EUR", "every": every }))?;
    let price = seed::place_price(tx, owner, plan, price)?;
    let actor = Actor { member: Some(member), ..Actor::stranger(None, tx.now()) };
    let may = Buy::check(tx, &actor, ())?;
    let Prepared::New(checkout, _) =
        actions::prepare(tx, &may, billing, (price, ProviderKind::Stripe, LineKind::Membership, None), ("https://town.example", "en"))?
    else {
        return Err(Error::broken("it is open already"));
    };
    Ok(checkout.order)
}

/// What the books come to.
#[derive(Debug, PartialEq, Eq, QueryableByName)]
pub(super) struct Books {
    #[diesel(sql_type = BigInt)]
    pub(super) came: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) back: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) held: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) sum: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) payments: i64,
}

pub(super) fn books(conn: &mut Conn) -> Result<Books> {
    let sql = "SELECT (SELECT COALESCE(SUM(amount), 0) FROM payments WHERE reverses IS NULL) AS came,
        (SELECT COALESCE(SUM(amount), 0) FROM payments WHERE reverses IS NOT NULL) AS back,
        (SELECT COALESCE(SUM(amount), 0) FROM ledger WHERE account = 4) AS held,
        (SELECT COALESCE(SUM(amount), 0) FROM ledger) AS sum,
        (SELECT COUNT(*) FROM payments WHERE reverses IS NULL) AS payments";
    Ok(diesel::sql_query(sql).get_result(conn)?)
}
