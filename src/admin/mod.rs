//! The dashboard: settings, audit log, outbox and numbers of its own, pages for what the slices before it can do, and the set-up.
//!
//! `health` judges whether all that must work does, `figures` counts by day.
//!
//! Every act on its pages is a call of the API, most of them of other slices; this slice adds the settings, what is read across
//! slices, and the one transaction that turns an empty database into a community with an owner.

mod actions;
pub mod figures;
pub mod health;
mod model;
mod pages;
mod policy;
mod routes;
mod store;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use actions::SettingsChanged;
pub use actions::place_settings;
pub use model::{FirstRoom, SetUp, SetUpDone, Summary};
#[cfg(test)]
pub(crate) use pages::ACTS;
pub use pages::JOB_KINDS;

/// Registers every route of the slice.
pub fn mount(routes: &mut crate::access::Routes<'_>) {
    routes::mount(routes);
    pages::mount(routes);
}

/// The description of the slice's API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes::openapi()
}
