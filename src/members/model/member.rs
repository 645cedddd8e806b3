//! A member: the row, what others see, and what they themselves see and change.

use diesel::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Badge, DisplayName, Email, Line, Username};
use crate::access::Permissions;
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MemberId, RoleId};

/// Where an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    /// In use.
    Active,
    /// Waits for an administrator's yes.
    Pending,
    /// Shut out.
    Banned,
    /// Gone; only the id is left.
    Deleted,
}

impl MemberState {
    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// From the database; what is unknown counts as shut out.
    #[must_use]
    pub const fn from_number(number: i16) -> Self {
        match number {
            0 => Self::Active,
            1 => Self::Pending,
            3 => Self::Deleted,
            _ => Self::Banned,
        }
    }
}

/// Why a member is no longer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// Shut out.
    Banned,
    /// The account was deleted.
    Deleted,
}

/// A row of `members`.
#[derive(Clone, Queryable)]
pub struct MemberRow {
    /// Id.
    pub id: MemberId,
    /// Unique name in small letters; `deleted-<id>` once deleted.
    pub username: String,
    /// Name that others see.
    pub display_name: String,
    /// What it is sorted by.
    pub name_key: String,
    /// Pronouns, or empty.
    pub pronouns: String,
    /// A few sentences, or empty.
    pub bio: String,
    /// Emoji of the status, or empty.
    pub status_emoji: String,
    /// Words of the status, or empty.
    pub status_text: String,
    /// When the status ends.
    pub status_until: Option<Millis>,
    /// Hue of the avatar, 0–11.
    pub hue: i16,
    /// Mail address.
    pub email: Option<String>,
    /// Hash of the password in PHC form; none: only links sign in.
    pub password: Option<String>,
    /// `en`, `fr`, or empty: what the browser asks for.
    pub language: String,
    /// IANA name, or empty.
    pub time_zone: String,
    /// Name of a [`Theme`].
    pub theme: String,
    /// Number of a [`MemberState`].
    pub state: i16,
    /// Union of the roles' permissions.
    pub permissions: i64,
    /// Until when they may not write.
    pub muted_until: Option<Millis>,
    /// Were they led to the welcome, which the first sign-in in a browser does?
    pub welcomed: bool,
    /// When the account was made.
    pub created_at: Millis,
    /// When they were last there.
    pub last_seen_at: Millis,
}

impl MemberRow {
    /// Where the account stands.
    #[must_use]
    pub const fn state(&self) -> MemberState {
        MemberState::from_number(self.state)
    }

    /// Everything that the roles allow.
    #[must_use]
    pub const fn permissions(&self) -> Permissions {
        Permissions::from_bits(self.permissions)
    }

    /// What others see, at the time `now`.
    #[must_use]
    pub fn profile(&self, roles: Vec<RoleId>, now: Millis) -> Profile {
        let state = self.state();
        let is_deleted = state == MemberState::Deleted;
        let has_status =
            !(self.status_emoji.is_empty() && self.status_text.is_empty()) && self.status_until.is_none_or(|until| until > now);
        Profile {
            id: self.id,
            username: if is_deleted { String::new() } else { self.username.clone() },
            display_name: self.display_name.clone(),
            pronouns: self.pronouns.clone(),
            bio: self.bio.clone(),
            status: has_status.then(|| Status {
                emoji: self.status_emoji.clone(),
                text: self.status_text.clone(),
                until: self.status_until,
            }),
            hue: self.hue,
            roles,
            badge: None,
            state,
        }
    }
}

/// What a member says about now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Status {
    /// One emoji, or empty.
    #[serde(default)]
    pub emoji: String,
    /// At most 100 characters.
    #[serde(default)]
    pub text: String,
    /// When it ends, milliseconds UTC.
    #[serde(default)]
    pub until: Option<Millis>,
}

impl Status {
    /// This status with clean texts, or `None` when it says nothing.
    ///
    /// # Errors
    /// `members.status_shape`, or `members.status_until` when it would end in the past.
    pub fn checked(self, now: Millis) -> Result<Option<Self>> {
        let wrong = || Error::invalid("status", "members.status_shape");
        let text = Line::parse(&self.text, 100, "status", "members.status_shape")?.into_string();
        let emoji = self.emoji.trim().to_owned();
        if !emoji.is_empty() && emojis::get(&emoji).is_none() {
            return Err(wrong());
        }
        if self.until.is_some_and(|until| until <= now) {
            return Err(Error::invalid("status", "members.status_until"));
        }
        Ok((!(text.is_empty() && emoji.is_empty())).then_some(Self { emoji, text, until: self.until }))
    }
}

/// A member as others see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Member"))]
pub struct Profile {
    /// Id.
    pub id: MemberId,
    /// Unique name; empty once deleted.
    pub username: String,
    /// Name to show; empty once deleted, the client then has its own word.
    pub display_name: String,
    /// Pronouns, or empty.
    pub pronouns: String,
    /// A few sentences, or empty.
    pub bio: String,
    /// Status that holds now.
    pub status: Option<Status>,
    /// Hue of the avatar, 0–11.
    pub hue: i16,
    /// Roles, highest first.
    pub roles: Vec<RoleId>,
    /// The sign beside the name of a verified member.
    pub badge: Option<Badge>,
    /// Where the account stands.
    pub state: MemberState,
}

/// How pages look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the machine says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
    /// High contrast.
    Contrast,
}

impl Theme {
    /// As stored and as pages name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Contrast => "contrast",
        }
    }
}

/// A member as they see themselves.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Account {
    /// What others see.
    #[serde(flatten)]
    pub profile: Profile,
    /// Mail address.
    pub email: Option<String>,
    /// `en`, `fr`, or empty: what the browser asks for.
    pub language: String,
    /// IANA name of the time zone, or empty.
    pub time_zone: String,
    /// How pages look.
    pub theme: String,
    /// Everything that the roles allow.
    pub permissions: Permissions,
    /// Until when they may not write, milliseconds UTC.
    pub muted_until: Option<Millis>,
    /// Were they led to the welcome, which the first sign-in in a browser does?
    pub welcomed: bool,
    /// Can they sign in with a password?
    pub has_password: bool,
    /// When the account was made, milliseconds UTC.
    pub created_at: Millis,
}

impl Account {
    /// From the row.
    #[must_use]
    pub fn of(row: MemberRow, roles: Vec<RoleId>, now: Millis) -> Self {
        Self {
            profile: row.profile(roles, now),
            permissions: row.permissions(),
            muted_until: row.muted_until.filter(|until| *until > now),
            has_password: row.password.is_some(),
            email: row.email,
            language: row.language,
            time_zone: row.time_zone,
            theme: row.theme,
            welcomed: row.welcomed,
            created_at: row.created_at,
        }
    }
}

/// Tells a field that is missing from one that is `null`.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(d: D) -> std::result::Result<Option<Option<T>>, D::Error> {
    Option::deserialize(d).map(Some)
}

/// What a member changes about themselves; a field that is missing stays as it is.
#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
pub struct AccountChange {
    /// Name to show, 1–64 characters.
    pub display_name: Option<String>,
    /// At most 32 characters.
    pub pronouns: Option<String>,
    /// At most 500 characters.
    pub bio: Option<String>,
    /// The status; `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Status>)]
    pub status: Option<Option<Status>>,
    /// `en`, `fr`, or empty: what the browser asks for.
    pub language: Option<String>,
    /// IANA name of the time zone, or empty.
    pub time_zone: Option<String>,
    /// How pages look.
    pub theme: Option<Theme>,
    /// Mail address; `null` or empty takes it away. Another address needs `password`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub email: Option<Option<String>>,
    /// The password, to change the mail address.
    pub password: Option<String>,
    /// Hue of the avatar, 0–11.
    pub hue: Option<i16>,
    /// `true`: the welcome is done; `false`: show it again at the next sign-in in a browser.
    pub welcomed: Option<bool>,
}

/// A member to be made.
#[derive(Clone)]
pub struct NewMember {
    /// Unique name.
    pub username: Username,
    /// Name to show.
    pub display_name: DisplayName,
    /// Mail address.
    pub email: Option<Email>,
    /// Hash of a password in PHC form.
    pub password: Option<String>,
    /// `en`, `fr` or empty.
    pub language: String,
    /// Time zone by its IANA name; empty: UTC.
    pub time_zone: String,
    /// Pronouns.
    pub pronouns: String,
    /// A few sentences.
    pub bio: String,
    /// Hue 0–11; chosen by the id when missing.
    pub hue: Option<i16>,
    /// Status.
    pub status: Option<Status>,
    /// Where the account starts.
    pub state: MemberState,
    /// Roles beside that of every member.
    pub roles: Vec<RoleId>,
    /// Was led to the welcome?
    pub welcomed: bool,
    /// Id and time of making, for seeds; otherwise new.
    pub made: Option<(MemberId, Millis)>,
}

impl NewMember {
    /// An active member with nothing but names.
    #[must_use]
    pub fn named(username: Username, display_name: DisplayName) -> Self {
        Self {
            username,
            display_name,
            email: None,
            password: None,
            language: String::new(),
            time_zone: String::new(),
            pronouns: String::new(),
            bio: String::new(),
            hue: None,
            status: None,
            state: MemberState::Active,
            roles: Vec::new(),
            welcomed: false,
            made: None,
        }
    }
}
