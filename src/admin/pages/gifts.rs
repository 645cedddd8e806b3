//! Gifts in the dashboard: codes are made, copied and taken back here.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};

use super::{given, href, show};
use crate::access::{Allow, Query};
use crate::billing::{self, Billing, Gift, MakeGifts, Plan};
use crate::error::Result;
use crate::http::Site;
use crate::ids::{GiftId, MemberId};
use crate::members::{self, Profile};

/// Gifts of one page.
const GIFTS: i64 = 50;

#[derive(Deserialize)]
pub struct Find {
    before: Option<String>,
    /// The gift that was just made: it is shown with its code.
    made: Option<String>,
}

/// A gift with who made it and who has it.
#[derive(Serialize)]
struct GiftLine {
    #[serde(flatten)]
    gift: Gift,
    by: Option<Profile>,
    redeemer: Option<Profile>,
    is_new: bool,
}

/// What `admin/gifts.html` sees.
#[derive(Serialize)]
struct GiftsPage {
    gifts: Vec<GiftLine>,
    /// What can be given.
    plans: Vec<Plan>,
    is_first: bool,
    next: Option<String>,
}

/// `GET /admin/gifts`.
pub async fn gifts(gate: Allow<MakeGifts>, query: Query<Find>, site: Site, billing: Data<Billing>) -> Result<HttpResponse> {
    show(gate, site, "admin/gifts.html", move |conn, may, actor| {
        let (before, made) = (given::<GiftId>(query.0.before.as_deref()), given::<GiftId>(query.0.made.as_deref()));
        let page = billing::gifts(conn, may, &billing, before, GIFTS, actor.now)?;
        let people: Vec<MemberId> = page.items.iter().flat_map(|gift| gift.redeemed_by.into_iter().chain([gift.made_by])).collect();
        let people = members::profiles(conn, &people, actor.now)?;
        let person = |id: MemberId| people.iter().find(|one| one.id == id).cloned();
        let line = |gift: Gift| GiftLine {
            by: person(gift.made_by),
            redeemer: gift.redeemed_by.and_then(person),
            is_new: made == Some(gift.id),
            gift,
        };
        Ok(GiftsPage {
            gifts: page.items.into_iter().map(line).collect(),
            plans: billing::plans(conn, false)?,
            is_first: before.is_none(),
            next: page.next.map(|before| href("/admin/gifts", &[("before", &before)])),
        })
    })
    .await
}
