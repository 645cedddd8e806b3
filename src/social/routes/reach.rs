//! Who may reach me.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::OpenApi;

use crate::access::{Allow, Body, Routes};
use crate::error::Result;
use crate::members;
use crate::social::actions;
use crate::social::model::{ReachChoice, ReachView, Sentence};
use crate::social::policy::{ChangeReach, SeeMine};

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(show, change, would_mean))]
pub struct Api;

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes.get("/api/v1/me/reach", show).put("/api/v1/me/reach", change).post("/api/v1/me/reach/sentences", would_mean);
}

/// What I chose, and what it means.
#[utoipa::path(get, path = "/api/v1/me/reach", responses((status = 200, body = ReachView)))]
async fn show(gate: Allow<SeeMine>) -> Result<HttpResponse> {
    let (ground, visitor) = (gate.ground().clone(), gate.visitor().clone());
    let view = gate
        .read(move |conn, may, actor| {
            let looker = members::looker(conn, actor, &visitor)?;
            actions::reach_view(conn, &ground, may.member(), &looker.language)
        })
        .await?;
    Ok(HttpResponse::Ok().json(view))
}

/// Chooses; what is not said stays. The answer is what holds now.
#[utoipa::path(put, path = "/api/v1/me/reach", request_body = ReachChoice, responses((status = 200, body = ReachView)))]
async fn change(gate: Allow<ChangeReach>, body: Body<ReachChoice>) -> Result<HttpResponse> {
    let (ground, visitor) = (gate.ground().clone(), gate.visitor().clone());
    let view = gate
        .write(move |tx, may, actor| {
            actions::change_reach(tx, may, &body.value, &ground.settings.get())?;
            let looker = members::looker(tx, actor, &visitor)?;
            actions::reach_view(tx, &ground, may.member(), &looker.language)
        })
        .await?;
    Ok(HttpResponse::Ok().json(view))
}

/// What a choice would mean.
#[derive(Serialize, utoipa::ToSchema)]
struct Meaning {
    /// One sentence for each way.
    sentences: Vec<Sentence>,
}

/// Says what a choice would mean; nothing is stored.
#[utoipa::path(post, path = "/api/v1/me/reach/sentences", request_body = ReachChoice, responses((status = 200, body = Meaning)))]
async fn would_mean(gate: Allow<SeeMine>, body: Body<ReachChoice>) -> Result<HttpResponse> {
    let (ground, visitor) = (gate.ground().clone(), gate.visitor().clone());
    let sentences = gate
        .read(move |conn, may, actor| {
            let looker = members::looker(conn, actor, &visitor)?;
            actions::would_mean(conn, &ground, may.member(), &body.value, &looker.language)
        })
        .await?;
    Ok(HttpResponse::Ok().json(Meaning { sentences }))
}
