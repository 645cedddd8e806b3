//! The API of one's own data: URL, gate, action, JSON. No decisions.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::OpenApi;

use super::policy::TakeOwnData;
use super::store;
use crate::access::{Allow, RateClass, Routes};
use crate::clock::Millis;
use crate::error::Result;
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

/// What the database holds of one member.
#[derive(Debug, Serialize, utoipa::ToSchema)]
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
    let data = gate.read(move |conn, may, actor| {
        ground.rates.count(RateClass::OwnData, u128::from(may.member().0.unsigned_abs()))?;
        let (community, member, made_at) = (ground.settings.get().community_name.clone(), may.member(), actor.now);
        Ok(OwnData { format: 1, community, member, made_at, tables: store::of_member(conn, member)? })
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"my-data.json\""))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(data.await?))
}
