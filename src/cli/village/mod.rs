//! The village: a community full of people with lives, for the demo, for load, and for the tests.
//!
//! It is told, not filled in: everything that ever happened is put in order of time and then happens again through the product's own
//! acts, each at its time in the past. So rows and logs agree, and two buildings with the same `now` are alike, but for the salt of
//! the passwords.

mod data;
pub mod guests;
mod story;
mod ties;
mod world;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use futures_util::future::try_join_all;

use self::data::Village;
use self::story::story;
use self::world::World;
use crate::billing::{self, Billing};
use crate::calls::Calls;
use crate::clock::{Clock, Millis};
use crate::consequences;
use crate::error::Result;
use crate::ids::{MemberId, RoomId};
use crate::live::Hub;
use crate::members::{MemberState, Members, Password, Sessions};
use crate::storage::{Db, Tx};

pub use self::data::{Door, Plan};

/// How long before now the ties between people are made: after everybody has looked, so that no log goes back in time.
const TIED_BEFORE: Millis = 500;

/// How many acts share one transaction.
const SLICE: usize = 250;

/// Somebody of the cast.
#[derive(Clone, Debug)]
pub struct CastMember {
    /// Their id.
    pub id: MemberId,
    /// The name that they sign in with; the password is `village-` and this.
    pub username: String,
    /// Where the account stands.
    pub state: MemberState,
    /// Do they pay?
    pub plan: Plan,
    /// The demo's door that leads to them.
    pub door: Option<Door>,
}

/// A room of the village.
#[derive(Clone, Debug)]
pub struct CastRoom {
    /// Its id.
    pub id: RoomId,
    /// Its name; conversations have none.
    pub name: Option<String>,
}

/// Who and what the village is made of.
#[derive(Clone, Debug)]
pub struct Cast {
    /// Everyone, in the order of the cast.
    pub members: Vec<CastMember>,
    /// Every room, in the order of the files.
    pub rooms: Vec<CastRoom>,
}

impl Cast {
    /// Whom a door of the demo lets one be.
    #[must_use]
    pub fn behind(&self, door: Door) -> Option<&CastMember> {
        self.members.iter().find(|member| member.door == Some(door))
    }

    /// Somebody by username.
    #[must_use]
    pub fn member(&self, username: &str) -> Option<&CastMember> {
        self.members.iter().find(|member| member.username == username)
    }

    /// A room by name.
    #[must_use]
    pub fn room(&self, name: &str) -> Option<&CastRoom> {
        self.rooms.iter().find(|room| room.name.as_deref() == Some(name))
    }
}

/// Builds the village in an empty database, as it stands at `now` (milliseconds UTC). Nobody may be listening yet: nothing is published.
///
/// # Errors
/// When the community has an owner already, or the database refuses.
pub async fn build(db: &Db, now: Millis) -> Result<Cast> {
    let village = Village::read()?;
    let acts = story(&village, now)?;
    let billing = Billing::new(billing::Notices::to(consequences::follow_billing));
    let notices = consequences::notices(&billing, &nobody_calls());
    let members = Members::new(Arc::new(Sessions::new()), notices, std::thread::available_parallelism().map_or(1, usize::from))?;
    let passwords = village.people.iter().map(|person| {
        let password = Password::parse(&format!("village-{}", person.username), &person.username, "password");
        let hasher = members.hasher.clone();
        async move { hasher.make(password?).await }
    });
    let passwords = try_join_all(passwords).await?;
    let first = acts.first().map_or(now, |(at, _)| *at);
    let mut world = World::new(village, members, billing, passwords, first, now);
    world = in_world(db, world, move |world, tx| world.found(tx, first)).await?;
    for slice in acts.chunks(SLICE) {
        let slice = slice.to_vec();
        world = in_world(db, world, move |world, tx| slice.iter().try_for_each(|(at, act)| world.happen(tx, *at, act))).await?;
    }
    world = in_world(db, world, move |world, tx| world.settle(tx, now)).await?;
    world.cast()
}

/// While the village is built nobody is in a call.
fn nobody_calls() -> Calls {
    Calls::new(Hub::new(), Clock::system())
}

/// Every message of the village that is in English, line by line, for those who need words.
///
/// # Errors
/// When a file is not written as it should be.
pub fn said_in_english() -> Result<Vec<String>> {
    let village = Village::read()?;
    let mut lines = Vec::new();
    for message in village.rooms.iter().flat_map(|room| &room.messages) {
        let author = village.person(&message.from)?;
        if village.people[author].language == "en" && message.text.is_ascii() {
            lines.extend(message.text.lines().map(str::to_owned));
        }
    }
    Ok(lines)
}

/// Lends the world to a transaction.
async fn in_world(db: &Db, mut world: World, f: impl FnOnce(&mut World, &mut Tx<'_>) -> Result<()> + Send + 'static) -> Result<World> {
    db.write(move |tx| {
        f(&mut world, tx)?;
        Ok(world)
    })
    .await
}
