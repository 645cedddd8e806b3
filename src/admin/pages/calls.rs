//! Calls of everybody, as operators see them: who, how long, how well, why it ended. No addresses, no words.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};

use super::{ROWS, given, href, show};
use crate::access::{Allow, Query};
use crate::calls::{self, CallItem, Calls, OverseeCalls};
use crate::error::Result;
use crate::http::Site;
use crate::ids::{CallId, MemberId};
use crate::members::Profile;

#[derive(Deserialize)]
pub struct FindCalls {
    show: Option<String>,
    before: Option<String>,
}

/// A call with the names of its people.
#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    item: CallItem,
    /// Who began it.
    began: Option<Profile>,
    /// Who was in it, in the order of the stays.
    people: Vec<Option<Profile>>,
    /// Whole minutes and seconds.
    minutes: i64,
    rest: i64,
}

/// What `admin/calls.html` sees.
#[derive(Serialize)]
struct CallsPage {
    calls: Vec<Line>,
    /// Those that go on?
    live: bool,
    is_first: bool,
    first: String,
    next: Option<String>,
}

/// `GET /admin/calls`.
pub async fn calls(gate: Allow<OverseeCalls>, query: Query<FindCalls>, exchange: Data<Calls>, site: Site) -> Result<HttpResponse> {
    show(gate, site, "admin/calls.html", move |conn, may, actor| {
        let FindCalls { show, before } = query.0;
        let (show, before) = (show.unwrap_or_default(), given::<CallId>(before.as_deref()));
        let live = show != "past";
        let found = calls::overseen(conn, may, &exchange, live, (before, ROWS), actor.now)?;
        let known = |id: MemberId| found.members.iter().find(|member| member.id == id).cloned();
        let line = |item: CallItem| Line {
            began: known(item.starter),
            people: item.stays.iter().map(|stay| known(stay.stay.member)).collect(),
            minutes: item.seconds / 60,
            rest: item.seconds % 60,
            item,
        };
        let link = |before: &str| href("/admin/calls", &[("show", &show), ("before", before)]);
        let next = found.page.next.as_deref().map(link);
        Ok(CallsPage { live, is_first: before.is_none(), first: link(""), next, calls: found.page.items.into_iter().map(line).collect() })
    })
    .await
}
