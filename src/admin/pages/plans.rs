//! Plans in the dashboard: what each entitles to, as one form a plan.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use serde::Serialize;

use super::{CurrencyChoice, currencies, show};
use crate::access::Allow;
use crate::billing::{self, Plan, SeePlans};
use crate::error::Result;
use crate::http::Site;
use crate::ids::PriceId;
use crate::money::Currency;

/// What `admin/plans.html` sees.
#[derive(Serialize)]
struct PlansPage {
    plans: Vec<Plan>,
    /// How many pay by each price.
    payers: BTreeMap<PriceId, i64>,
    currencies: Vec<CurrencyChoice>,
    /// That of new prices.
    currency: Currency,
    /// May the one who looks change them?
    edits: bool,
}

/// `GET /admin/plans`.
pub async fn plans(gate: Allow<SeePlans>, site: Site) -> Result<HttpResponse> {
    let currency = gate.ground().settings.get().currency;
    show(gate, site, "admin/plans.html", move |conn, may, _| {
        let (plans, payers) = (billing::plans(conn, true)?, billing::price_payers(conn, may)?);
        Ok(PlansPage { plans, payers, currencies: currencies(), currency, edits: may.edits() })
    })
    .await
}
