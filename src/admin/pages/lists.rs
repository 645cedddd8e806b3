//! Lists of the dashboard: rooms and the outbox.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

use super::{ROWS, given, href, show};
use crate::access::{Allow, Page, Permission, Query};
use crate::admin::actions;
use crate::admin::model::{LetterItem, LetterText, RoomItem};
use crate::admin::policy::{ReadLetter, ReadMail, SeeRooms};
use crate::admin::store::{self, RoomFilter};
use crate::chat::PACES;
use crate::error::Result;
use crate::http::Site;
use crate::ids::{LetterId, RoomId};
use crate::mail::letter as stored_letter;
use crate::members;
use crate::settings::Settings;

#[derive(Deserialize)]
pub struct FindRooms {
    q: Option<String>,
    show: Option<String>,
    before: Option<String>,
    /// The room whose form stands above the list.
    edit: Option<String>,
}

/// A stretch of time in a list to choose from.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Pace {
    seconds: i32,
    /// How many of its unit.
    count: i32,
    /// The key of its words.
    word: &'static str,
}

impl Pace {
    const fn of(seconds: i32) -> Self {
        let (count, word) = match seconds {
            0 => (0, "admin.span_off"),
            seconds if seconds % 3_600 == 0 => (seconds / 3_600, "admin.span_hours"),
            seconds if seconds % 60 == 0 => (seconds / 60, "admin.span_minutes"),
            seconds => (seconds, "admin.span_seconds"),
        };
        Self { seconds, count, word }
    }

    /// Those that are offered, and the one that is chosen.
    fn choices(chosen: i32) -> Vec<Self> {
        let mut all: Vec<i32> = PACES.into_iter().chain([chosen]).collect();
        all.sort_unstable();
        all.dedup();
        all.into_iter().map(Self::of).collect()
    }
}

/// What `admin/rooms.html` sees.
#[derive(Serialize)]
struct RoomsPage {
    rooms: Vec<RoomItem>,
    editing: Option<RoomItem>,
    /// How slow it may be.
    paces: Vec<Pace>,
    /// For how many days rooms keep their messages that have chosen nothing; 0: for ever.
    community_keeps: u16,
    has_password: bool,
    q: String,
    show: String,
    total: i64,
    is_filtered: bool,
    is_first: bool,
    first: String,
    next: Option<String>,
    may_make: bool,
    may_make_private: bool,
}

/// `GET /admin/rooms`.
pub async fn rooms(gate: Allow<SeeRooms>, query: Query<FindRooms>, site: Site) -> Result<HttpResponse> {
    show(gate, site, "admin/rooms.html", move |conn, _, actor| {
        let FindRooms { q, show, before, edit } = query.0;
        let (q, show) = (q.unwrap_or_default(), show.unwrap_or_default());
        let (before, edit) = (given::<RoomId>(before.as_deref()), given::<RoomId>(edit.as_deref()));
        let archived = match show.as_str() {
            "archived" => Some(true),
            "open" => Some(false),
            _ => None,
        };
        let found = store::rooms(conn, &RoomFilter { q: q.clone(), archived, before, limit: ROWS + 1 })?;
        let Page { items, next } = Page::of(found, ROWS, |room| room.id.to_string());
        // Ids are unique, so the one room "before the next id" is this one or none.
        let editing = match edit {
            Some(id) => {
                store::rooms(conn, &RoomFilter { before: Some(RoomId(id.0.saturating_add(1))), limit: 1, ..RoomFilter::default() })?
                    .pop()
                    .filter(|room| room.id == id)
            }
            None => None,
        };
        let link = |before: &str| href("/admin/rooms", &[("q", &q), ("show", &show), ("before", before)]);
        Ok(RoomsPage {
            rooms: items,
            paces: editing.as_ref().map_or_else(Vec::new, |room| Pace::choices(room.slow_seconds)),
            editing,
            community_keeps: Settings::load(conn)?.keep_messages_days,
            has_password: members::account(conn, actor.signed_in()?, actor.now)?.has_password,
            total: store::room_count(conn)?,
            is_filtered: !q.trim().is_empty() || archived.is_some(),
            is_first: before.is_none(),
            first: link(""),
            next: next.as_deref().map(link),
            may_make: actor.permissions.has(Permission::RoomsCreate),
            may_make_private: actor.permissions.has(Permission::RoomsCreatePrivate),
            q,
            show,
        })
    })
    .await
}

#[derive(Deserialize)]
pub struct FindLetters {
    before: Option<String>,
}

/// What `admin/mail.html` sees.
#[derive(Serialize)]
struct MailPage {
    letters: Vec<LetterItem>,
    is_set_up: bool,
    is_first: bool,
    next: Option<String>,
}

/// `GET /admin/mail`.
pub async fn mail(gate: Allow<ReadMail>, query: Query<FindLetters>, site: Site) -> Result<HttpResponse> {
    let is_set_up = gate.ground().mailer.is_set_up();
    show(gate, site, "admin/mail.html", move |conn, may, _| {
        let before = given::<LetterId>(query.0.before.as_deref());
        let page = actions::mail_page(conn, may, before, ROWS)?;
        let next = page.next.map(|id| href("/admin/mail", &[("before", &id)]));
        Ok(MailPage { letters: page.items, is_set_up, is_first: before.is_none(), next })
    })
    .await
}

/// What `admin/letter.html` sees.
#[derive(Serialize)]
struct LetterPage {
    letter: LetterText,
}

/// `GET /admin/mail/{letter}`.
pub async fn letter(gate: Allow<ReadLetter>, site: Site) -> Result<HttpResponse> {
    show(gate, site, "admin/letter.html", |conn, may, _| Ok(LetterPage { letter: stored_letter(conn, may.letter())?.into() })).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_told_in_the_largest_unit_that_fits_and_the_chosen_one_is_offered() {
        let told = |seconds| {
            let Pace { count, word, .. } = Pace::of(seconds);
            (count, word)
        };
        assert_eq!(told(0), (0, "admin.span_off"));
        assert_eq!((told(30), told(90)), ((30, "admin.span_seconds"), (90, "admin.span_seconds")));
        assert_eq!((told(120), told(7_200)), ((2, "admin.span_minutes"), (2, "admin.span_hours")));
        assert_eq!(Pace::choices(30).len(), PACES.len());
        assert!(Pace::choices(45).contains(&Pace::of(45)));
    }
}
