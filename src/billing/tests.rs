//! Tests of the slice: what grants come to against a naive model, and the types of entitlements at their edges.

mod entitlements;
mod resolving;
