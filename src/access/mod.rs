//! Who may: actors, permits, gates. A permit is a value, made only in `policy.rs` files; a route cannot be registered without a gate.

mod actor;
mod body;
mod gate;
mod ground;
mod page;
mod permission;
mod rates;
mod routes;
mod secrets;
mod target;
mod visitor;

pub use actor::{Actor, Authenticator, Reason};
pub use body::{Body, Query};
pub use gate::{Allow, Gate, Permit, Public};
pub use ground::Ground;
pub use page::{PAGE_DEFAULT, PAGE_MOST, Page, page_limit};
pub use permission::{Permission, Permissions, Scope, Scopes};
pub use rates::{Patience, Rate, RateClass, Rates, address_key, not_too_often};
pub use routes::{Endpoint, Gated, RouteTable, Routes};
pub use secrets::{Keys, Token, hash_token, typed_code};
pub use target::{Named, PathId, Target};
pub use visitor::{Credential, Visitor};
