//! Promotion codes in the dashboard: made and ended here.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

use super::{CurrencyChoice, currencies, given, href, show};
use crate::access::{Allow, Query};
use crate::billing::{self, Plan, Promotion, SeePromotions};
use crate::error::Result;
use crate::http::Site;
use crate::ids::PromotionId;
use crate::money::Currency;

/// Codes of one page.
const CODES: i64 = 50;

#[derive(Deserialize)]
pub struct Find {
    before: Option<String>,
}

/// What `admin/promotions.html` sees.
#[derive(Serialize)]
struct PromotionsPage {
    promotions: Vec<Promotion>,
    /// For which one may count.
    plans: Vec<Plan>,
    currencies: Vec<CurrencyChoice>,
    currency: Currency,
    is_first: bool,
    next: Option<String>,
}

/// `GET /admin/promotions`.
pub async fn promotions(gate: Allow<SeePromotions>, query: Query<Find>, site: Site) -> Result<HttpResponse> {
    let currency = gate.ground().settings.get().currency;
    show(gate, site, "admin/promotions.html", move |conn, may, actor| {
        let before = given::<PromotionId>(query.0.before.as_deref());
        let page = billing::promotions(conn, may, before, CODES, actor.now)?;
        Ok(PromotionsPage {
            promotions: page.items,
            plans: billing::plans(conn, false)?,
            currencies: currencies(),
            currency,
            is_first: before.is_none(),
            next: page.next.map(|before| href("/admin/promotions", &[("before", &before)])),
        })
    })
    .await
}
