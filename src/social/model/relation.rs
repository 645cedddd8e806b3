//! How one member stands to another: one set of edges for each direction.

use serde::{Deserialize, Serialize};

use super::choice::given;
use crate::error::Result;
use crate::ids::{MemberId, RoomId};
use crate::members::Profile;
use crate::text::{clean_line, clean_paragraphs};

/// One edge from a member to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Is in their address book; always both ways.
    Contact = 0,
    /// Has asked to be a contact.
    AskedContact = 1,
    /// Follows.
    Follows = 2,
    /// Has asked to follow.
    AskedFollow = 3,
    /// Blocks.
    Blocks = 4,
    /// Wants no notices of what the other writes.
    Mutes = 5,
    /// Has written to the other, or let their words in: the other's words and calls need no request.
    Admits = 6,
    /// May always be reached by the other.
    Always = 7,
    /// May never be reached by the other.
    Never = 8,
    /// May be rung by the other once; with a picture only beside [`Edge::OnceShown`].
    Once = 9,
    /// Was in the conversation of the two when they cut it off, and comes back to it with the other.
    Suspended = 10,
    /// Leaves the other's wish to be a contact unanswered.
    Ignores = 11,
    /// Does not see the other's wish to be a contact: it ended when the other was shut out, and waits no more until they wish anew.
    Drops = 12,
    /// The one call of [`Edge::Once`] may be with a picture: they asked for that.
    OnceShown = 13,
}

/// The edges from one member to another, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edges(i16);

impl Edges {
    /// No edge.
    pub const NONE: Self = Self(0);

    /// These.
    #[must_use]
    pub const fn of(all: &[Edge]) -> Self {
        let (mut edges, mut n) = (Self::NONE, 0);
        while n < all.len() {
            edges = edges.with(all[n], true);
            n += 1;
        }
        edges
    }

    /// As stored.
    #[must_use]
    pub const fn bits(self) -> i16 {
        self.0
    }

    /// From the database.
    #[must_use]
    pub const fn from_bits(bits: i16) -> Self {
        Self(bits)
    }

    /// Is there this edge?
    #[must_use]
    pub const fn has(self, edge: Edge) -> bool {
        self.0 & (1 << edge as i16) != 0
    }

    /// With this edge, or without it.
    #[must_use]
    pub const fn with(self, edge: Edge, is: bool) -> Self {
        if is { Self(self.0 | (1 << edge as i16)) } else { Self(self.0 & !(1 << edge as i16)) }
    }

    /// May the other ring once in this way? A yes to a picture is also one to a voice, and not the other way round.
    #[must_use]
    pub const fn lets_ring_once(self, video: bool) -> bool {
        self.has(Edge::Once) && (!video || self.has(Edge::OnceShown))
    }

    /// Once the call of a yes was made, or is not to be made any more.
    #[must_use]
    pub const fn without_once(self) -> Self {
        self.with(Edge::Once, false).with(Edge::OnceShown, false)
    }

    /// Is the other's wish to be a contact, if they have one, out of sight?
    #[must_use]
    const fn sees_no_wish(self) -> bool {
        self.has(Edge::Ignores) || self.has(Edge::Drops) || self.shuts_out()
    }

    /// Does the other get nowhere here, whatever else holds?
    #[must_use]
    pub const fn shuts_out(self) -> bool {
        self.has(Edge::Blocks) || self.has(Edge::Never)
    }
}

/// Both directions between two members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relation {
    /// From the one who asks or acts.
    pub mine: Edges,
    /// From the other.
    pub theirs: Edges,
}

/// Where two members stand with their address books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ContactState {
    /// Neither asked.
    None,
    /// I asked.
    Asked,
    /// They asked me.
    AsksMe,
    /// We are contacts.
    Contact,
}

/// Where I stand with following somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum FollowState {
    /// I do not.
    None,
    /// I asked.
    Asked,
    /// I do.
    Following,
}

/// How I stand to somebody, as I may know it: nothing of what they keep to themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Known {
    /// Contacts.
    pub contact: ContactState,
    /// Do I follow them?
    pub follow: FollowState,
    /// Do they follow me?
    pub follows_me: bool,
    /// Do I block them?
    pub blocked: bool,
    /// Did I mute them?
    pub muted: bool,
    /// May they always reach me?
    pub always: bool,
    /// May they never reach me?
    pub never: bool,
}

impl Relation {
    /// What the one who asks may know of it.
    #[must_use]
    pub const fn known(self) -> Known {
        let contact = if self.mine.has(Edge::Contact) {
            ContactState::Contact
        } else if self.mine.has(Edge::AskedContact) {
            ContactState::Asked
        } else if self.theirs.has(Edge::AskedContact) && !self.mine.sees_no_wish() {
            ContactState::AsksMe
        } else {
            ContactState::None
        };
        Known {
            contact,
            follow: self.follow(),
            follows_me: self.theirs.has(Edge::Follows),
            blocked: self.mine.has(Edge::Blocks),
            muted: self.mine.has(Edge::Mutes),
            always: self.mine.has(Edge::Always),
            never: self.mine.has(Edge::Never),
        }
    }

    /// Do I follow them?
    #[must_use]
    pub const fn follow(self) -> FollowState {
        if self.mine.has(Edge::Follows) {
            FollowState::Following
        } else if self.mine.has(Edge::AskedFollow) {
            FollowState::Asked
        } else {
            FollowState::None
        }
    }
}

/// What I call somebody, and what I noted about them; nobody else sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Note {
    /// My own name for them, or empty.
    pub own_name: String,
    /// My note, or empty.
    pub note: String,
}

/// A change of a note; what is missing stays, and `null` takes away what was there, as an empty text does.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct NoteChange {
    /// At most 64 characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub own_name: Option<Option<String>>,
    /// At most 1,000 characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub note: Option<Option<String>>,
}

/// Most characters of one's own name for somebody.
const NAME: usize = 64;
/// Most characters of a note.
const NOTE: usize = 1_000;

impl Note {
    /// With the change.
    ///
    /// # Errors
    /// `social.own_name` or `social.note`.
    pub fn changed(self, change: &NoteChange) -> Result<Self> {
        let own_name = match &change.own_name {
            Some(name) => clean_line(name.as_deref().unwrap_or_default(), 0, NAME, "own_name", "social.own_name")?,
            None => self.own_name,
        };
        let note = match &change.note {
            Some(note) => clean_paragraphs(note.as_deref().unwrap_or_default(), 0, NOTE, "note", "social.note")?,
            None => self.note,
        };
        Ok(Self { own_name, note })
    }
}

/// Somebody in one of my lists.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Person {
    /// Who.
    pub member: Profile,
    /// How I stand to them.
    #[serde(flatten)]
    pub known: Known,
    /// My own name for them, or empty.
    pub own_name: String,
    /// My note, or empty.
    pub note: String,
}

/// A room in which both of us are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Shared {
    /// Its id.
    pub id: RoomId,
    /// Its name.
    pub name: String,
}

/// Two members in the order in which writes about them take their turns.
#[must_use]
pub fn pair(one: MemberId, other: MemberId) -> String {
    format!("{}:{}", one.0.min(other.0), one.0.max(other.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_set_and_taken_alone() {
        let edges = Edges::of(&[Edge::Contact, Edge::Suspended]);
        assert!(edges.has(Edge::Contact) && edges.has(Edge::Suspended) && !edges.has(Edge::Follows));
        assert_eq!(edges.with(Edge::Contact, false), Edges::of(&[Edge::Suspended]));
        assert_eq!(Edges::from_bits(edges.bits()), edges);
    }

    #[test]
    fn a_block_of_the_other_shows_nowhere() {
        let with = |theirs: &[Edge]| Relation { mine: Edges::of(&[Edge::Follows]), theirs: Edges::of(theirs) }.known();
        for hidden in [
            Edge::Blocks,
            Edge::Never,
            Edge::Always,
            Edge::Mutes,
            Edge::Admits,
            Edge::Once,
            Edge::OnceShown,
            Edge::Suspended,
            Edge::Ignores,
            Edge::Drops,
        ] {
            assert_eq!(with(&[hidden]), with(&[]), "{hidden:?}");
        }
    }
}
