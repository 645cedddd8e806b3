//! Who may reach a member: the classes of people that a member ticks, and that administrators set as defaults and ceilings.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A class of people, as somebody who is to be reached sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// No class at all; stands alone.
    Nobody,
    /// My contacts.
    Contacts,
    /// People whom I follow.
    PeopleIFollow,
    /// People whom I follow and who follow me.
    Mutual,
    /// Members with the verified badge.
    Verified,
    /// Those who have one of the roles that I name.
    Roles,
    /// Members of one of the plans that I name.
    Plans,
    /// Every member.
    Everyone,
}

impl Class {
    /// Every one, in the order in which people see them.
    pub const ALL: [Self; 8] =
        [Self::Nobody, Self::Contacts, Self::PeopleIFollow, Self::Mutual, Self::Verified, Self::Roles, Self::Plans, Self::Everyone];

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Contacts => "contacts",
            Self::PeopleIFollow => "people_i_follow",
            Self::Mutual => "mutual",
            Self::Verified => "verified",
            Self::Roles => "roles",
            Self::Plans => "plans",
            Self::Everyone => "everyone",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Nobody => 0,
            other => 1 << (other as u8 - 1),
        }
    }
}

/// A set of classes; empty: nobody. On the wire a list of names, `["nobody"]` when it is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classes(u8);

impl Classes {
    /// Nobody.
    pub const NOBODY: Self = Self(0);

    /// These.
    #[must_use]
    pub const fn of(all: &[Class]) -> Self {
        let (mut bits, mut n) = (0, 0);
        while n < all.len() {
            bits |= all[n].bit();
            n += 1;
        }
        Self(bits)
    }

    /// Is it ticked? Nobody is, when nothing else is.
    #[must_use]
    pub const fn has(self, class: Class) -> bool {
        match class {
            Class::Nobody => self.0 == 0,
            other => self.0 & other.bit() != 0,
        }
    }

    /// Those that are ticked, in order.
    pub fn iter(self) -> impl Iterator<Item = Class> {
        Class::ALL.into_iter().filter(move |class| self.has(*class))
    }
}

impl Serialize for Classes {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Classes {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let all = Vec::<Class>::deserialize(d)?;
        if all.len() > 1 && all.contains(&Class::Nobody) {
            return Err(serde::de::Error::custom("nobody stands alone"));
        }
        Ok(Self::of(&all))
    }
}

impl utoipa::PartialSchema for Classes {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        <Vec<Class> as utoipa::PartialSchema>::schema()
    }
}
impl utoipa::ToSchema for Classes {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_the_empty_set_and_stands_alone() {
        let read = |json: &str| serde_json::from_str::<Classes>(json);
        assert_eq!(serde_json::to_string(&Classes::NOBODY).expect("json"), r#"["nobody"]"#);
        assert_eq!(read(r#"["nobody"]"#).expect("fits"), read("[]").expect("fits"));
        assert!(read(r#"["nobody","contacts"]"#).is_err() && read(r#"["strangers"]"#).is_err());
        let set = read(r#"["everyone","contacts","contacts"]"#).expect("fits");
        assert_eq!(serde_json::to_string(&set).expect("json"), r#"["contacts","everyone"]"#);
        assert!(set.has(Class::Contacts) && !set.has(Class::Nobody) && !set.has(Class::Verified));
    }
}
