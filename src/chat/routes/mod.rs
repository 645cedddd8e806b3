//! The API of rooms and messages: URL, gate, action, JSON. No decisions.

mod membership;
mod messages;
mod reading;
mod rooms;

use utoipa::OpenApi;

use crate::access::{PAGE_DEFAULT, Page, Routes, page_limit};
use crate::error::Result;

pub(crate) use reading::event_list;
pub(super) use reading::newest_page;
pub use reading::{MessagePage, Scene, scene};

/// Most items of one page.
const PAGE: i64 = 100;

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

fn limit(asked: Option<i64>) -> Result<i64> {
    page_limit(asked, PAGE)
}
