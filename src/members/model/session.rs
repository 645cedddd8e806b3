//! Sessions: signed-in browsers, bearer sessions and API tokens.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::access::Scopes;
use crate::clock::Millis;
use crate::ids::{MemberId, SessionId};

/// How a session shows itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// A browser with a cookie.
    Browser,
    /// A program that signed in and shows a bearer token.
    Bearer,
    /// An API token that a member made.
    Token,
}

impl SessionKind {
    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// From the database.
    #[must_use]
    pub const fn from_number(number: i16) -> Self {
        match number {
            0 => Self::Browser,
            1 => Self::Bearer,
            _ => Self::Token,
        }
    }
}

/// A row of `sessions` without its secret's hash.
#[derive(Clone, Debug, Queryable)]
pub struct SessionRow {
    /// Id.
    pub id: SessionId,
    /// Whose.
    pub member: MemberId,
    /// Number of a [`SessionKind`].
    pub kind: i16,
    /// What it is called.
    pub name: String,
    /// Where it was started from.
    pub address: String,
    /// What it may be used for.
    pub scopes: i64,
    /// When it was started.
    pub created_at: Millis,
    /// When it was last used.
    pub last_seen_at: Millis,
    /// When it ends at the latest.
    pub expires_at: Millis,
}

/// A signed-in browser or program, as its member sees it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Session {
    /// Id.
    pub id: SessionId,
    /// How it shows itself.
    pub kind: SessionKind,
    /// Browser and system, as far as they tell.
    pub name: String,
    /// Where it was started from.
    pub address: String,
    /// When it was started, milliseconds UTC.
    pub created_at: Millis,
    /// When it was last used, to the minute.
    pub last_seen_at: Millis,
    /// When it ends at the latest.
    pub expires_at: Millis,
    /// Is it the one that asks?
    pub current: bool,
}

/// An API token, as its member sees it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ApiToken {
    /// Id.
    pub id: SessionId,
    /// What its member calls it.
    pub name: String,
    /// What it may be used for.
    pub scopes: Scopes,
    /// When it was made, milliseconds UTC.
    pub created_at: Millis,
    /// When it was last used, to the minute.
    pub last_seen_at: Millis,
    /// When it ends; `null`: never by itself.
    pub expires_at: Option<Millis>,
}

/// An API token to be made.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct NewToken {
    /// What to call it, 1–64 characters.
    pub name: String,
    /// What it may be used for.
    pub scopes: Scopes,
    /// When it ends; missing: never by itself.
    #[serde(default)]
    pub expires_at: Option<Millis>,
}

impl SessionRow {
    /// As its member sees it.
    #[must_use]
    pub fn session(self, current: Option<SessionId>) -> Session {
        Session {
            id: self.id,
            kind: SessionKind::from_number(self.kind),
            name: self.name,
            address: self.address,
            created_at: self.created_at,
            last_seen_at: self.last_seen_at,
            expires_at: self.expires_at,
            current: current == Some(self.id),
        }
    }

    /// As its member sees it, when it is an API token.
    #[must_use]
    pub fn token(self) -> ApiToken {
        ApiToken {
            id: self.id,
            name: self.name,
            scopes: Scopes::from_bits(self.scopes),
            created_at: self.created_at,
            last_seen_at: self.last_seen_at,
            expires_at: (self.expires_at != Millis::MAX).then_some(self.expires_at),
        }
    }
}

/// "Firefox on Linux", from what a browser says about itself; otherwise the beginning of what it says.
#[must_use]
pub fn device_name(user_agent: &str) -> String {
    // Order matters: many name others, to be served what those are served.
    const BROWSERS: &[(&str, &str)] =
        &[("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
    const SYSTEMS: &[(&str, &str)] =
        &[("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux")];
    let find = |all: &[(&str, &'static str)]| all.iter().find(|(sign, _)| user_agent.contains(sign)).map(|(_, name)| *name);
    match (find(BROWSERS), find(SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) => one.to_owned(),
        _ => user_agent.chars().filter(|c| !c.is_control()).take(64).collect(),
    }
}
