//! Calls of everybody, as operators see them: who, how long, how well, why it ended. No addresses, no words.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{ROWS, given, href, show};
use crate::access::{Allow, Query};
use crate::admin::store;
use crate::calls::{self, CallItem, CallKind, Calls, Cause, OverseeCalls, Sought};
use crate::error::Result;
use crate::http::Site;
use crate::ids::{CallId, MemberId, RoomId};
use crate::members::{self, Profile};

#[derive(Deserialize)]
pub struct FindCalls {
    show: Option<String>,
    before: Option<String>,
    kind: Option<String>,
    cause: Option<String>,
    member: Option<String>,
}

/// A call with the names of its people.
#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    item: CallItem,
    /// The name of its room; none of a conversation.
    place: Option<String>,
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
    /// The filters, as they stand in the address.
    kind: String,
    cause: String,
    member: String,
    /// Whose calls.
    of: Option<Profile>,
    kinds: &'static [CallKind],
    causes: &'static [Cause],
    is_filtered: bool,
    is_first: bool,
    first: String,
    next: Option<String>,
    /// The same without filters.
    all: &'static str,
}

/// A word of ours in an address.
fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::from(text)).ok()
}

/// `GET /admin/calls`.
pub async fn calls(gate: Allow<OverseeCalls>, query: Query<FindCalls>, exchange: Data<Calls>, site: Site) -> Result<HttpResponse> {
    show(gate, site, "admin/calls.html", move |conn, may, actor| {
        let FindCalls { show, before, kind, cause, member } = query.0;
        let [show, kind, cause, member] = [show, kind, cause, member].map(Option::unwrap_or_default);
        let live = show != "past";
        let sought = Sought {
            before: given::<CallId>(before.as_deref()),
            kind: word(&kind),
            cause: word(&cause).filter(|_: &Cause| !live),
            member: given::<MemberId>(Some(&member)),
        };
        let found = calls::overseen(conn, may, &exchange, live, (&sought, ROWS), actor.now)?;
        let known = |id: MemberId| found.members.iter().find(|member| member.id == id).cloned();
        let mut rooms: Vec<RoomId> = found.page.items.iter().filter_map(|item| item.room).collect();
        rooms.sort_unstable();
        rooms.dedup();
        let names = store::room_names(conn, &rooms)?;
        let place = |id: RoomId| names.iter().find(|(room, _)| *room == id).map(|(_, name)| name.clone());
        let line = |item: CallItem| Line {
            place: item.room.and_then(place),
            began: known(item.starter),
            people: item.stays.iter().map(|stay| known(stay.stay.member)).collect(),
            minutes: item.seconds / 60,
            rest: item.seconds % 60,
            item,
        };
        let of = sought.member.map(|member| members::profiles(conn, &[member], actor.now)).transpose()?.and_then(|mut found| found.pop());
        let link = |before: &str| {
            href("/admin/calls", &[("show", &show), ("kind", &kind), ("cause", &cause), ("member", &member), ("before", before)])
        };
        let (first, next) = (link(""), found.page.next.as_deref().map(link));
        Ok(CallsPage {
            calls: found.page.items.into_iter().map(line).collect(),
            live,
            of,
            kinds: CallKind::ALL,
            causes: Cause::ALL,
            is_filtered: sought.kind.is_some() || sought.cause.is_some() || sought.member.is_some(),
            is_first: sought.before.is_none(),
            first,
            next,
            all: if live { "/admin/calls" } else { "/admin/calls?show=past" },
            kind,
            cause,
            member,
        })
    })
    .await
}
