//! The API of people: URL, gate, action, JSON. No decisions.

mod people;
mod reach;
mod relations;
mod reports;
mod requests;

use actix_web::HttpResponse;
use actix_web::web::Data;
use utoipa::OpenApi;

use super::actions::Limits;
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
    if ground.config.raised_limits {
        return Limits { requests_per_day: usize::MAX, reports_per_day: usize::MAX, people: usize::MAX };
    }
    let settings = ground.settings.get();
    Limits { requests_per_day: settings.requests_per_day, reports_per_day: settings.reports_per_day, people: settings.people_per_member }
}
