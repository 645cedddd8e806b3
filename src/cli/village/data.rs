//! The village as it is written down: people in `cast.toml`, one file for each room; how they stand to each other is in [`super::ties`].

use std::collections::BTreeMap;

use serde::Deserialize;

use super::ties::{AppealStory, Ties};
use crate::billing::{Every, GrantSource, Method, NewPlan, NewPrice, NewPromotion};
use crate::chat::{History, RoomKind};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::members::MemberState;

const CAST: &str = include_str!("cast.toml");

const ROOMS: [&str; 22] = [
    include_str!("rooms/01-harbour.toml"),
    include_str!("rooms/02-market.toml"),
    include_str!("rooms/03-boatyard.toml"),
    include_str!("rooms/04-kitchen.toml"),
    include_str!("rooms/05-film-club.toml"),
    include_str!("rooms/06-tide-board.toml"),
    include_str!("rooms/07-notices.toml"),
    include_str!("rooms/08-lost-and-found.toml"),
    include_str!("rooms/09-comptoir.toml"),
    include_str!("rooms/10-al-maqha.toml"),
    include_str!("rooms/11-tool-library.toml"),
    include_str!("rooms/12-night-shift.toml"),
    include_str!("rooms/13-choir.toml"),
    include_str!("rooms/14-bridge-committee.toml"),
    include_str!("rooms/15-not-for-bo.toml"),
    include_str!("rooms/16-mara-ilse.toml"),
    include_str!("rooms/17-ana-wren.toml"),
    include_str!("rooms/18-celeste-gilles.toml"),
    include_str!("rooms/19-short-film.toml"),
    include_str!("rooms/20-yusuf-layla.toml"),
    include_str!("rooms/21-engine.toml"),
    include_str!("rooms/22-wren-tomas.toml"),
];

/// Everything that is written down.
pub(super) struct Village {
    pub(super) community: Community,
    pub(super) people: Vec<Person>,
    pub(super) rooms: Vec<RoomStory>,
    pub(super) ties: Ties,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CastFile {
    community: Community,
    member: Vec<Person>,
}

/// The community.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Community {
    pub(super) name: String,
    pub(super) sentence: String,
    pub(super) hue: u16,
    /// How it takes payment.
    pub(super) payment_words: String,
    #[serde(default, rename = "plan")]
    pub(super) plans: Vec<NewPlan>,
    #[serde(default, rename = "price")]
    pub(super) prices: Vec<PriceStory>,
    #[serde(default, rename = "promotion")]
    pub(super) promotions: Vec<NewPromotion>,
}

/// What a plan costs.
#[derive(Clone, Deserialize)]
pub(super) struct PriceStory {
    pub(super) plan: String,
    #[serde(flatten)]
    pub(super) price: NewPrice,
}

/// Money that the owner took for a plan.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PaidStory {
    pub(super) plan: String,
    pub(super) every: Every,
    /// When it was paid for the first time.
    pub(super) ago: Age,
    /// How often it was paid, every thirty days.
    #[serde(default = "once")]
    pub(super) times: u16,
    pub(super) method: Method,
    pub(super) reference: String,
}

const fn once() -> u16 {
    1
}

/// A plan that somebody asked for.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AskedStory {
    pub(super) plan: String,
    pub(super) every: Every,
    pub(super) ago: Age,
    pub(super) note: String,
    /// What they paid instead at the test page, in minor units, where they did: it does not fit their order.
    pub(super) paid: Option<i64>,
}

/// A plan that somebody was given.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantStory {
    pub(super) plan: String,
    pub(super) source: GrantSource,
    pub(super) given: Age,
    /// How long ago it ended.
    pub(super) ended: Option<Age>,
    /// In how long it will.
    pub(super) ends_in: Option<Age>,
    pub(super) note: String,
}

/// Somebody who was verified by the owner.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifiedStory {
    pub(super) ago: Age,
    pub(super) note: String,
}

/// Somebody who lives there.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub(super) username: String,
    pub(super) display_name: String,
    pub(super) pronouns: String,
    pub(super) bio: String,
    pub(super) status: Option<Mood>,
    pub(super) language: String,
    pub(super) role: Office,
    pub(super) plan: Plan,
    pub(super) state: MemberState,
    pub(super) hue: i16,
    pub(super) joined: Age,
    pub(super) ban: Option<BanStory>,
    pub(super) demo: Option<Door>,
    #[serde(default, rename = "grant")]
    pub(super) grants: Vec<GrantStory>,
    #[serde(default)]
    pub(super) paid: Vec<PaidStory>,
    #[serde(default)]
    pub(super) asked: Vec<AskedStory>,
    pub(super) verified: Option<VerifiedStory>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mood {
    pub(super) emoji: String,
    pub(super) text: String,
}

/// The highest role that somebody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Office {
    Owner,
    Administrator,
    Moderator,
    Member,
}

/// Does somebody pay?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// A membership that is paid for.
    Paying,
    /// Without one.
    Free,
}

/// A door of the demo: whom it lets one be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// The owner.
    Owner,
    /// A member who pays.
    Paying,
    /// A member who does not.
    Free,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BanStory {
    pub(super) by: String,
    pub(super) reason: String,
    pub(super) ago: Age,
    pub(super) appeal: Option<AppealStory>,
}

/// A room and what was said in it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoomStory {
    pub(super) name: Option<String>,
    pub(super) kind: RoomKind,
    pub(super) topic: String,
    pub(super) history: History,
    /// Can one call in it? In conversations one always can.
    #[serde(default)]
    pub(super) voice: bool,
    /// Seconds between two messages of one member; 0: as many as they like.
    #[serde(default)]
    pub(super) slow_seconds: i32,
    pub(super) created_by: String,
    pub(super) created: Age,
    /// Usernames; `*` alone stands for every active member.
    pub(super) members: Vec<String>,
    #[serde(default)]
    pub(super) moderators: Vec<String>,
    /// How many of the newest messages of others somebody has not read; whoever is missing has read all.
    #[serde(default)]
    pub(super) read: BTreeMap<String, usize>,
    #[serde(default, rename = "message")]
    pub(super) messages: Vec<MessageStory>,
}

/// A message.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MessageStory {
    /// By what others in the room answer it.
    pub(super) key: Option<String>,
    pub(super) from: String,
    pub(super) ago: Age,
    pub(super) text: String,
    pub(super) reply_to: Option<String>,
    pub(super) thread: Option<String>,
    #[serde(default)]
    pub(super) react: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(super) edited: bool,
    #[serde(default)]
    pub(super) deleted: bool,
    #[serde(default)]
    pub(super) pinned: bool,
}

/// How long ago, in milliseconds; written like `19d 5h 3m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Age(pub(super) Millis);

impl TryFrom<String> for Age {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        let wrong = || format!("\"{text}\" is not an age; write it like 19d 5h 3m");
        let mut ms = 0;
        for part in text.split_whitespace() {
            let (number, unit) = part.split_at(part.len() - part.chars().next_back().map_or(0, char::len_utf8));
            let unit = match unit {
                "d" => 86_400_000,
                "h" => 3_600_000,
                "m" => 60_000,
                _ => return Err(wrong()),
            };
            ms += number.parse::<u16>().map(|number| Millis::from(number) * unit).map_err(|_| wrong())?;
        }
        if ms > 0 { Ok(Self(ms)) } else { Err(wrong()) }
    }
}

impl Village {
    /// Reads it.
    ///
    /// # Errors
    /// When a file is not written as it should be.
    pub(super) fn read() -> Result<Self> {
        let cast: CastFile = toml::from_str(CAST).map_err(|error| Error::broken(format!("cast.toml: {error}")))?;
        let room = |(n, text): (usize, &&str)| toml::from_str(text).map_err(|error| Error::broken(format!("room {}: {error}", n + 1)));
        let rooms = ROOMS.iter().enumerate().map(room).collect::<Result<Vec<RoomStory>>>()?;
        Ok(Self { community: cast.community, people: cast.member, rooms, ties: Ties::read()? })
    }

    /// The place of a person in the cast.
    ///
    /// # Errors
    /// When nobody is called so.
    pub(super) fn person(&self, username: &str) -> Result<usize> {
        self.people
            .iter()
            .position(|person| person.username == username)
            .ok_or_else(|| Error::broken(format!("nobody is called {username}")))
    }
}
