//! Roles: named sets of permissions.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::access::{Permission, Permissions};
use crate::ids::RoleId;
use crate::text::Words;

/// Which role it is. The built-in ones cannot be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleKind {
    /// May do everything, for ever; at least one active member has it.
    Owner,
    /// Runs the community.
    Administrator,
    /// Keeps the peace.
    Moderator,
    /// Everyone has it.
    Member,
    /// One that the community made.
    Own,
}

impl RoleKind {
    /// The built-in ones, highest first.
    pub const BUILT_IN: [Self; 4] = [Self::Owner, Self::Administrator, Self::Moderator, Self::Member];

    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// From the database.
    #[must_use]
    pub const fn from_number(number: i16) -> Self {
        match number {
            0 => Self::Owner,
            1 => Self::Administrator,
            2 => Self::Moderator,
            3 => Self::Member,
            _ => Self::Own,
        }
    }

    /// Its first name.
    #[must_use]
    pub const fn first_name(self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::Administrator => "Administrator",
            Self::Moderator => "Moderator",
            Self::Member => "Member",
            Self::Own => "Role",
        }
    }

    /// Which of our own words stands for its name; none once the community gave it another.
    #[must_use]
    pub fn word(self, name: &str) -> Option<&'static str> {
        let word = match self {
            Self::Owner => "owner",
            Self::Administrator => "administrator",
            Self::Moderator => "moderator",
            Self::Member => "member",
            Self::Own => return None,
        };
        (name == self.first_name()).then_some(word)
    }

    /// What it allows in a new community.
    #[must_use]
    pub fn first_permissions(self) -> Permissions {
        use Permission as P;
        let member = [P::RoomsCreate, P::RoomsCreatePrivate, P::MessageDirect];
        let moderator = [P::Announce, P::MessagesModerate, P::MentionRoom, P::Invite, P::Approve, P::Moderate, P::Ban];
        match self {
            Self::Owner => Permissions::ALL,
            Self::Administrator => Permission::ALL.iter().copied().collect(),
            Self::Moderator => member.into_iter().chain(moderator).collect(),
            Self::Member => member.into_iter().collect(),
            Self::Own => Permissions::NONE,
        }
    }
}

/// A row of `roles`.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct RoleRow {
    /// Id.
    pub id: RoleId,
    /// Unique name.
    pub name: String,
    /// Number of a [`RoleKind`].
    pub kind: i16,
    /// Place in lists, smallest first.
    pub place: i16,
    /// What it allows.
    pub permissions: i64,
}

impl RoleRow {
    /// Which role it is.
    #[must_use]
    pub const fn kind(&self) -> RoleKind {
        RoleKind::from_number(self.kind)
    }

    /// What it allows.
    #[must_use]
    pub const fn permissions(&self) -> Permissions {
        Permissions::from_bits(self.permissions)
    }

    /// By its name.
    #[must_use]
    pub fn named(self) -> NamedRole {
        NamedRole { id: self.id, word: self.kind().word(&self.name), is_everyones: self.kind() == RoleKind::Member, name: self.name }
    }

    /// As administrators see it.
    #[must_use]
    pub fn role(self, member_count: i64) -> Role {
        Role { id: self.id, kind: self.kind(), permissions: self.permissions(), name: self.name, place: self.place, member_count }
    }
}

/// A role by its name, as everybody sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRole {
    /// Id.
    pub id: RoleId,
    /// Unique name.
    pub name: String,
    /// Which of our own words stands for it.
    pub word: Option<&'static str>,
    /// Does every member have it?
    pub is_everyones: bool,
}

impl NamedRole {
    /// What it is called in this language.
    #[must_use]
    pub fn said(&self, words: &Words, language: &str) -> String {
        self.word.map_or_else(|| self.name.clone(), |word| words.t(language, &format!("members.role_{word}"), &[]))
    }
}

/// A role as administrators see it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Role {
    /// Id.
    pub id: RoleId,
    /// Unique name.
    pub name: String,
    /// Which role it is.
    pub kind: RoleKind,
    /// Place in lists, smallest first.
    pub place: i16,
    /// What it allows.
    pub permissions: Permissions,
    /// How many have it.
    pub member_count: i64,
}

/// A role to be made.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct NewRole {
    /// Unique name, 1–40 characters.
    pub name: String,
    /// What it allows.
    pub permissions: Permissions,
    /// Place in lists, smallest first; missing: after the others.
    #[serde(default)]
    pub place: Option<i16>,
}

/// A change of a role; a field that is missing stays as it is.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct RoleChange {
    /// Unique name, 1–40 characters.
    pub name: Option<String>,
    /// What it allows.
    pub permissions: Option<Permissions>,
    /// Place in lists, smallest first.
    pub place: Option<i16>,
}
