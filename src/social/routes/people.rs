//! Lists of people, and one of them.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::OpenApi;

use super::limit;
use crate::access::{Allow, Page, Query, Routes};
use crate::error::Result;
use crate::ids::{MemberId, RoomId};
use crate::social::actions::{self, OwnNames};
use crate::social::model::{Edge, Person, Shared};
use crate::social::policy::{SeeMine, SeePerson};
use crate::social::store::lists::{List, Paging};

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(contacts, follows, followers, blocks, mutes, always, never, own_names, person))]
pub struct Api;

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/api/v1/contacts", contacts)
        .get("/api/v1/follows", follows)
        .get("/api/v1/followers", followers)
        .get("/api/v1/blocks", blocks)
        .get("/api/v1/mutes", mutes)
        .get("/api/v1/me/always", always)
        .get("/api/v1/me/never", never)
        .get("/api/v1/me/own-names", own_names)
        .get("/api/v1/people/{member}", person);
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Find {
    /// Part of a name or username.
    q: Option<String>,
    /// Where the page begins.
    after: Option<MemberId>,
    /// 1–200.
    limit: Option<i64>,
}

async fn page(gate: Allow<SeeMine>, query: Query<Find>, list: List) -> Result<HttpResponse> {
    let Find { q, after, limit: asked } = query.0;
    let paging = Paging { q: q.unwrap_or_default(), after, limit: limit(asked)? };
    let page = gate.read(move |conn, may, actor| actions::list(conn, may.member(), list, &paging, actor.now)).await?;
    Ok(HttpResponse::Ok().json(page))
}

macro_rules! lists {
    ($($(#[$doc:meta])* $name:ident $path:literal, $list:expr;)+) => {$(
        $(#[$doc])*
        #[utoipa::path(get, path = $path, params(Find), responses((status = 200, body = Page<Person>)))]
        async fn $name(gate: Allow<SeeMine>, query: Query<Find>) -> Result<HttpResponse> {
            page(gate, query, $list).await
        }
    )+};
}

lists! {
    /// My contacts, in order of the names under which I see them: my own for them, or theirs.
    contacts "/api/v1/contacts", List::Mine(Edge::Contact);
    /// Whom I follow.
    follows "/api/v1/follows", List::Mine(Edge::Follows);
    /// Who follows me.
    followers "/api/v1/followers", List::Theirs(Edge::Follows);
    /// Whom I block.
    blocks "/api/v1/blocks", List::Mine(Edge::Blocks);
    /// Whom I muted.
    mutes "/api/v1/mutes", List::Mine(Edge::Mutes);
    /// Who may always reach me.
    always "/api/v1/me/always", List::Mine(Edge::Always);
    /// Who may never reach me.
    never "/api/v1/me/never", List::Mine(Edge::Never);
}

/// What I call others.
#[derive(Serialize, utoipa::ToSchema)]
struct MyNames {
    /// My own names by the members' ids, at most 10,000.
    #[schema(value_type = std::collections::HashMap<String, String>)]
    own_names: OwnNames,
}

/// What I call others; nobody else sees it.
#[utoipa::path(get, path = "/api/v1/me/own-names", responses((status = 200, body = MyNames)))]
async fn own_names(gate: Allow<SeeMine>) -> Result<HttpResponse> {
    let own_names = gate.read(|conn, may, _| actions::own_names(conn, may.member())).await?;
    Ok(HttpResponse::Ok().json(MyNames { own_names }))
}

/// Somebody, how I stand to them, and where we meet.
#[derive(Serialize, utoipa::ToSchema)]
struct OnePerson {
    /// Who, and how I stand to them.
    #[serde(flatten)]
    person: Person,
    /// Rooms in common, at most 50, in order of name.
    rooms: Vec<Shared>,
    /// Our conversation, if I am in it.
    conversation: Option<RoomId>,
}

/// One member as I stand to them.
#[utoipa::path(get, path = "/api/v1/people/{member}", params(("member" = MemberId, Path)), responses((status = 200, body = OnePerson)))]
async fn person(gate: Allow<SeePerson>) -> Result<HttpResponse> {
    let (person, rooms, conversation) = gate.read(|conn, may, actor| actions::person(conn, may, actor.now)).await?;
    Ok(HttpResponse::Ok().json(OnePerson { person, rooms, conversation }))
}
