//! Lists of the double, page by page.

use serde_json::{Value, json};

use super::params::Params;
use super::shapes;
use super::world::{Refused, World, known, missing, needed, number};

impl World {
    fn page(&self, object: &str, params: &Params, fits: impl Fn(&Value) -> bool, url: &str) -> Result<Value, Refused> {
        let mut all: Vec<Value> = self.all(object).into_iter().filter(|thing| fits(thing)).collect();
        all.reverse();
        page(all, params, url)
    }

    pub(super) fn subscriptions(&mut self, params: &Params) -> Result<Value, Refused> {
        known(params, "status customer limit starting_after")?;
        let customer = params.get("customer");
        self.page("subscription", params, |each| customer.is_none_or(|id| each["customer"] == json!(id)), "/v1/subscriptions")
    }

    pub(super) fn invoices(&mut self, params: &Params) -> Result<Value, Refused> {
        known(params, "subscription limit starting_after expand[*]")?;
        let subscription = needed(params, "subscription")?;
        let fits = |each: &Value| each["parent"]["subscription_details"]["subscription"] == json!(subscription);
        self.page("invoice", params, fits, "/v1/invoices")
    }

    pub(super) fn charges(&mut self, params: &Params) -> Result<Value, Refused> {
        known(params, "customer payment_intent limit starting_after expand[*]")?;
        let fits =
            |each: &Value| ["customer", "payment_intent"].iter().all(|name| params.get(*name).is_none_or(|id| each[name] == json!(id)));
        let mut page = self.page("charge", params, fits, "/v1/charges")?;
        if params.iter().any(|(name, value)| name.starts_with("expand[") && value == "data.refunds") {
            for charge in page["data"].as_array_mut().into_iter().flatten() {
                let mut refunds: Vec<Value> = self.all("refund").into_iter().filter(|one| one["charge"] == charge["id"]).collect();
                refunds.reverse();
                let has_more = refunds.len() > 10;
                refunds.truncate(10);
                let url = format!("/v1/charges/{}/refunds", charge["id"].as_str().unwrap_or_default());
                charge["refunds"] = shapes::list(&url, refunds, has_more);
            }
        }
        Ok(page)
    }

    pub(super) fn disputes(&mut self, params: &Params) -> Result<Value, Refused> {
        known(params, "payment_intent limit starting_after")?;
        let intent = needed(params, "payment_intent")?;
        self.page("dispute", params, |each| each["payment_intent"] == json!(intent), "/v1/disputes")
    }

    pub(super) fn list_events(&mut self, params: &Params) -> Result<Value, Refused> {
        known(params, "created[gte] limit starting_after")?;
        let since = number(params, "created[gte]")?.unwrap_or(0);
        let fits = |event: &&Value| event["created"].as_i64() >= Some(since);
        page(self.events.iter().rev().filter(fits).cloned().collect(), params, "/v1/events")
    }
}

/// The page of a list that was asked for.
fn page(all: Vec<Value>, params: &Params, url: &str) -> Result<Value, Refused> {
    let limit = usize::try_from(number(params, "limit")?.unwrap_or(10).clamp(1, 100)).unwrap_or(10);
    let from = match params.get("starting_after") {
        None => 0,
        Some(after) => match all.iter().position(|each| each["id"] == json!(after)) {
            Some(at) => at + 1,
            None => return Err(missing("object", after)),
        },
    };
    let data: Vec<Value> = all.iter().skip(from).take(limit).cloned().collect();
    let has_more = from + data.len() < all.len();
    Ok(shapes::list(url, data, has_more))
}
