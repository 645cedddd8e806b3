//! The API of one's own data: URL, gate, action, JSON. No decisions.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use serde_json::{Map, Value};
use utoipa::OpenApi;

use super::collect::{Head, collect};
use super::policy::TakeOwnData;
use crate::access::{Allow, RateClass, Routes};
use crate::clock::Millis;
use crate::error::Result;
use crate::http::pieces_of;
use crate::ids::MemberId;

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(take))]
struct Api;

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes.get("/api/v1/me/data", take);
}

/// What the database holds of one member; written as it is read, row by row.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "the shape of what is written")]
struct OwnData {
    /// Version of this form.
    format: u32,
    /// The community's name.
    community: String,
    /// Whose.
    member: MemberId,
    /// When it was read, milliseconds UTC.
    made_at: Millis,
    /// Rows under the names of their tables, each an object of its columns. Integers beyond 53 bits, ids among them, are strings.
    #[schema(value_type = Object)]
    tables: Map<String, Value>,
}

/// Everything of one's own: account, messages, reactions, contacts, calls, memberships and payments. What others wrote is not in it, nor what would
/// tell what they keep to themselves.
#[utoipa::path(get, path = "/api/v1/me/data", responses((status = 200, body = OwnData), (status = 429, description = "three at once, and one more every twenty minutes")))]
async fn take(gate: Allow<TakeOwnData>) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    let inside = ground.clone();
    let head = gate.read(move |_, may, actor| {
        inside.rates.count(RateClass::OwnData, u128::from(may.member().0.unsigned_abs()))?;
        let community = inside.settings.get().community_name.clone();
        Ok(Head { format: 1, community, member: may.member(), made_at: actor.now })
    });
    let file = collect(ground.db.target().clone(), &ground.config.data, head.await?).await?;
    let bytes = file.metadata()?.len();
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"my-data.json\""))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(pieces_of(file.into(), bytes)))
}
