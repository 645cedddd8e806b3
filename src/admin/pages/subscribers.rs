//! Who pays, and what came of it: subscriptions with their next payments, and money month by month.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

use super::{ROWS, given, href, show};
use crate::access::{Allow, Query};
use crate::billing::{self, Earned, Figures, FindSubscriptions, SeeOrders, Subscription, SubscriptionStatus};
use crate::error::Result;
use crate::http::Site;
use crate::ids::{MemberId, SubscriptionId};
use crate::members::{self, Profile};

#[derive(Deserialize)]
pub struct Find {
    show: Option<String>,
    before: Option<String>,
}

/// A subscription with the one whose it is.
#[derive(Serialize)]
struct SubscriberLine {
    #[serde(flatten)]
    subscription: Subscription,
    person: Option<Profile>,
}

/// What `admin/subscribers.html` sees.
#[derive(Serialize)]
struct SubscribersPage {
    subscribers: Vec<SubscriberLine>,
    /// `open`, `past_due` or `over`.
    show: &'static str,
    months: Vec<Earned>,
    figures: Figures,
    is_first: bool,
    first: String,
    next: Option<String>,
}

/// `GET /admin/subscribers`.
pub async fn subscribers(gate: Allow<SeeOrders>, query: Query<Find>, site: Site) -> Result<HttpResponse> {
    show(gate, site, "admin/subscribers.html", move |conn, may, actor| {
        let before = given::<SubscriptionId>(query.0.before.as_deref());
        let (show, open, status) = match query.0.show.as_deref() {
            Some("past_due") => ("past_due", Some(true), Some(SubscriptionStatus::PastDue)),
            Some("over") => ("over", Some(false), None),
            _ => ("open", Some(true), None),
        };
        let page = billing::find_subscriptions(conn, may, FindSubscriptions { open, status, before, limit: ROWS })?;
        let whose: Vec<MemberId> = page.items.iter().map(|one| one.member).collect();
        let people = members::profiles(conn, &whose, actor.now)?;
        let person = |id: MemberId| people.iter().find(|one| one.id == id).cloned();
        let link = |id: &str| href("/admin/subscribers", &[("show", show), ("before", id)]);
        Ok(SubscribersPage {
            subscribers: page.items.into_iter().map(|one| SubscriberLine { person: person(one.member), subscription: one }).collect(),
            show,
            months: billing::earned(conn, may, actor.now)?,
            figures: billing::figures(conn, may, actor.now)?,
            is_first: before.is_none(),
            first: link(""),
            next: page.next.as_deref().map(link),
        })
    })
    .await
}
