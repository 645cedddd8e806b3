//! The pages of the dashboard.
pub fn mount(_: &mut crate::access::Routes<'_>) {}
