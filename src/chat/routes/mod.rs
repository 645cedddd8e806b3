//! The API of rooms and messages: URL, gate, action, JSON. No decisions.

mod membership;
mod messages;
mod reading;
mod rooms;

use serde::Serialize;
use utoipa::OpenApi;

use crate::access::Routes;
use crate::error::{Error, Result};

pub use reading::MessagePage;
pub(crate) use reading::event_list;
pub(super) use reading::newest_page;

/// Most items of one page.
const PAGE: i64 = 100;
/// Items of a page when nothing is said.
const PAGE_DEFAULT: i64 = 50;

/// Registers every route of the API.
pub fn mount(routes: &mut Routes<'_>) {
    rooms::mount(routes);
    membership::mount(routes);
    messages::mount(routes);
    reading::mount(routes);
}

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let parts = [membership::Api::openapi(), messages::Api::openapi(), reading::Api::openapi()];
    parts.into_iter().fold(rooms::Api::openapi(), utoipa::openapi::OpenApi::merge_from)
}

/// A page of anything.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next one begins, if there is one.
    pub next: Option<String>,
}

fn limit(asked: Option<i64>) -> Result<i64> {
    match asked {
        None => Ok(PAGE_DEFAULT),
        Some(n) if (1..=PAGE).contains(&n) => Ok(n),
        Some(_) => Err(Error::invalid("limit", "error.limit")),
    }
}
