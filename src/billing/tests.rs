//! Tests of the slice: what grants come to against a naive model, entitlements at their edges, what may follow what for orders and subscriptions.

mod changes;
mod entitlements;
mod orders;
mod resolving;
mod subscriptions;
mod test_provider;
