//! What a role may allow, and what a token may be used for.

use serde::{Deserialize, Serialize};

macro_rules! flags {
    ($(#[$doc:meta])* $set:ident of $flag:ident { $($(#[$flag_doc:meta])* $variant:ident = $bit:literal, $name:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        pub enum $flag { $($(#[$flag_doc])* #[serde(rename = $name)] $variant,)+ }

        impl $flag {
            /// Every one, in the order in which people see them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str { match self { $(Self::$variant => $name,)+ } }

            const fn bit(self) -> i64 { match self { $(Self::$variant => 1 << $bit,)+ } }
        }

        #[doc = concat!("A set of [`", stringify!($flag), "`]; stored as bits, on the wire a list of names.")]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $set(i64);

        impl $set {
            /// None.
            pub const NONE: Self = Self(0);
            /// All of them, also those that a later version adds.
            pub const ALL: Self = Self(i64::MAX);

            /// As stored.
            #[must_use]
            pub const fn bits(self) -> i64 { self.0 }

            /// From the database.
            #[must_use]
            pub const fn from_bits(bits: i64) -> Self { Self(bits) }

            /// Is it in the set?
            #[must_use]
            pub const fn has(self, one: $flag) -> bool { self.0 & one.bit() != 0 }

            /// With one more.
            #[must_use]
            pub const fn with(self, one: $flag) -> Self { Self(self.0 | one.bit()) }

            /// Those of either.
            #[must_use]
            pub const fn and(self, other: Self) -> Self { Self(self.0 | other.0) }

            /// Is everything of `other` in this set?
            #[must_use]
            pub fn covers(self, other: Self) -> bool { $flag::ALL.iter().all(|one| !other.has(*one) || self.has(*one)) }

            /// The known ones, in order.
            pub fn iter(self) -> impl Iterator<Item = $flag> { $flag::ALL.iter().copied().filter(move |one| self.has(*one)) }
        }

        impl FromIterator<$flag> for $set {
            fn from_iter<I: IntoIterator<Item = $flag>>(all: I) -> Self { all.into_iter().fold(Self::NONE, Self::with) }
        }

        impl Serialize for $set {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.collect_seq(self.iter()) }
        }

        impl<'de> Deserialize<'de> for $set {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                Ok(Vec::<$flag>::deserialize(d)?.into_iter().collect())
            }
        }

        impl utoipa::PartialSchema for $set {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> { <Vec<$flag> as utoipa::PartialSchema>::schema() }
        }
        impl utoipa::ToSchema for $set {}
    };
}

flags! {
    /// One thing that a role may allow.
    Permissions of Permission {
        /// Make public and announcement rooms.
        RoomsCreate = 0, "rooms.create";
        /// Make private rooms.
        RoomsCreatePrivate = 1, "rooms.create_private";
        /// Change, archive and enter every public, private and announcement room.
        RoomsManage = 2, "rooms.manage";
        /// Write in announcement rooms.
        Announce = 3, "messages.announce";
        /// Delete and pin other people's messages.
        MessagesModerate = 4, "messages.moderate";
        /// Mention everyone in a room, those who are here, and roles.
        MentionRoom = 5, "messages.mention_room";
        /// Make invites to the community.
        Invite = 6, "members.invite";
        /// Approve and turn down sign-ups.
        Approve = 7, "members.approve";
        /// Mute for a time, and remove from rooms.
        Moderate = 8, "members.moderate";
        /// Ban and lift bans.
        Ban = 9, "members.ban";
        /// Change members' accounts: roles they hold, reset links, deletion.
        MembersManage = 10, "members.manage";
        /// Make and change roles.
        RolesManage = 11, "roles.manage";
        /// Change the community's settings.
        SettingsManage = 12, "settings.manage";
        /// Read the outbox of letters.
        MailRead = 13, "mail.read";
        /// Read the audit log.
        AuditRead = 14, "audit.read";
        /// Read the metrics.
        MetricsRead = 15, "metrics.read";
        /// Start direct conversations.
        MessageDirect = 16, "messages.direct";
        /// Give, change and end memberships, and verify members.
        MembersGrant = 20, "members.grant";
        /// Make plans and say what they entitle to.
        PlansEdit = 21, "plans.edit";
        /// Take money for memberships, turn orders down, take payments back, and see who pays.
        PaymentsRecord = 22, "payments.record";
    }
}

flags! {
    /// One thing that an API token may be used for.
    Scopes of Scope {
        /// Read rooms, messages and members.
        Read = 0, "read";
        /// Send, edit, delete and react; read marks.
        Send = 1, "send";
        /// Make, join, leave and change rooms.
        Rooms = 2, "rooms";
        /// Change one's own account.
        Account = 3, "account";
        /// Everything under `/api/v1/admin`.
        Admin = 4, "admin";
    }
}

impl Permissions {
    /// May somebody with these rights act on somebody, or on a role, with `theirs`? They need everything that the other has, and only an
    /// owner is equal to an owner, whatever the roles say.
    #[must_use]
    pub fn reaches(self, theirs: Self) -> bool {
        if theirs == Self::ALL { self == Self::ALL } else { self.covers(theirs) }
    }
}

impl Permission {
    /// Does it open any page of the dashboard?
    #[must_use]
    pub const fn opens_dashboard(self) -> bool {
        matches!(
            self,
            Self::RoomsManage
                | Self::Invite
                | Self::Approve
                | Self::Moderate
                | Self::Ban
                | Self::MembersManage
                | Self::MembersGrant
                | Self::PlansEdit
                | Self::PaymentsRecord
                | Self::RolesManage
                | Self::SettingsManage
                | Self::MailRead
                | Self::AuditRead
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_a_list_of_names_on_the_wire() {
        let set: Permissions = [Permission::Ban, Permission::RoomsCreate].into_iter().collect();
        assert_eq!(serde_json::to_string(&set).expect("json"), r#"["rooms.create","members.ban"]"#);
        assert!(serde_json::from_str::<Permissions>(r#"["rooms.fly"]"#).is_err());
    }

    #[test]
    fn no_two_flags_share_a_bit() {
        for (n, one) in Permission::ALL.iter().enumerate() {
            assert!(Permission::ALL.iter().skip(n + 1).all(|other| other.bit() != one.bit()));
        }
    }

    #[test]
    fn nobody_reaches_more_than_they_have_and_an_owner_only_an_owner() {
        let everything: Permissions = Permission::ALL.iter().copied().collect();
        let some = Permissions::NONE.with(Permission::Ban);
        assert!(Permissions::ALL.reaches(Permissions::ALL) && Permissions::ALL.reaches(everything) && everything.reaches(everything));
        assert!(!everything.reaches(Permissions::ALL), "every right of today is not to be an owner");
        assert!(everything.reaches(some) && some.reaches(some) && some.reaches(Permissions::NONE));
        assert!(!some.reaches(everything) && !Permissions::NONE.reaches(some));
    }

    #[test]
    fn all_covers_everything_and_nothing_covers_only_itself() {
        assert!(Permissions::ALL.covers(Permissions::NONE.with(Permission::AuditRead)));
        assert!(!Permissions::NONE.covers(Permissions::NONE.with(Permission::AuditRead)));
    }
}
