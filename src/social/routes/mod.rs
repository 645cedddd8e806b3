//! The API of people: URL, gate, action, JSON. No decisions.

mod people;
mod reach;
mod relations;
mod reports;
mod requests;

use actix_web::HttpResponse;
use actix_web::web::Data;
use utoipa::OpenApi;

use super::actions::{Daily, Limits};
use super::notices::Social;
use crate::access::{Ground, PAGE_MOST, Routes, page_limit};
use crate::error::Result;

/// Registers every route of the API.
pub fn mount(routes: &mut Routes<'_>) {
    relations::mount(routes);
    people::mount(routes);
    reach::mount(routes);
    requests::mount(routes);
    reports::mount(routes);
}

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let parts = [people::Api::openapi(), reach::Api::openapi(), requests::Api::openapi(), reports::Api::openapi()];
    parts.into_iter().fold(relations::Api::openapi(), utoipa::openapi::OpenApi::merge_from)
}

/// What handlers need beside the ground.
type Needs = Data<Social>;

fn limit(asked: Option<i64>) -> Result<i64> {
    page_limit(asked, PAGE_MOST)
}

fn no_content() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// What one member may do at most.
fn limits(ground: &Ground) -> Limits {
    let settings = ground.settings.get();
    let most = |most: usize| if ground.config.raised_limits { usize::MAX } else { most };
    let requests = Daily { all: most(settings.requests_per_day), to_one: most(settings.requests_to_one_per_day) };
    Limits { requests, reports_per_day: most(settings.reports_per_day), people: most(settings.people_per_member) }
}
