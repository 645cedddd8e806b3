//! A member's own data: everything that the database holds of one member, as one document, without what is somebody else's.
//!
//! Every table of the schema is in one list: which of its columns are given, which are withheld, or why nothing is.

mod collect;
mod policy;
mod routes;
mod shares;
mod store;

/// Registers every route of the slice.
pub fn mount(routes: &mut crate::access::Routes<'_>) {
    routes::mount(routes);
}

/// The description of the slice's API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes::openapi()
}
