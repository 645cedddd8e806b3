//! Rows of `stripe_events`: what Stripe told, each once, until it has had its effect.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::error::{Found, Result};
use crate::ids::StripeEventId;
use crate::storage::schema::stripe_events as events;
use crate::storage::{Conn, Tx, on_conflict};

/// Longest error that is kept, in bytes.
const LONGEST_ERROR: usize = 1_000;

/// Where an event stands. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventState {
    /// Its object is still to be fetched.
    Waiting = 0,
    /// Its object was fetched after it came.
    Done = 1,
    /// Test money where real money is expected, or the other way round.
    WrongMode = 2,
    /// It is about somebody else's account.
    ForeignAccount = 3,
    /// Of a kind that does not concern us.
    Unconcerning = 4,
    /// It cannot be read; its bytes are kept, to be read by a later version.
    Parked = 5,
    /// Its object could not be fetched, however often we tried.
    Dead = 6,
}

impl EventState {
    const ALL: [Self; 7] = [Self::Waiting, Self::Done, Self::WrongMode, Self::ForeignAccount, Self::Unconcerning, Self::Parked, Self::Dead];

    /// From the database.
    pub fn from_number(number: i16) -> Self {
        Self::ALL.into_iter().find(|state| *state as i16 == number).unwrap_or(Self::Parked)
    }
}

/// How we came to know of an event. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventSource {
    /// It was sent to us.
    Webhook = 0,
    /// We found it in the list, and it was not sent: its webhook was lost, or is late.
    List = 1,
}

/// A row without its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct EventRow {
    /// Id.
    pub id: StripeEventId,
    /// Their id.
    pub event: String,
    /// What happened.
    pub kind: String,
    /// To what: an [`Object`](super::super::envelope::Object), JSON.
    pub object: Option<String>,
    /// When.
    pub happened_at: Millis,
    /// When we heard of it.
    pub received_at: Millis,
    /// In which version it is written.
    pub api_version: Option<String>,
    /// Number of an [`EventSource`].
    pub source: i16,
    /// Number of an [`EventState`].
    pub state: i16,
    /// How often its object was fetched in vain.
    pub attempts: i32,
    /// Why, the last time.
    pub error: Option<String>,
    /// How many signs of a change of its object there were with it.
    pub wanted: i64,
}

type Columns = (
    events::id,
    events::event,
    events::kind,
    events::object,
    events::happened_at,
    events::received_at,
    events::api_version,
    events::source,
    events::state,
    events::attempts,
    events::error,
    events::wanted,
);

const COLUMNS: Columns = (
    events::id,
    events::event,
    events::kind,
    events::object,
    events::happened_at,
    events::received_at,
    events::api_version,
    events::source,
    events::state,
    events::attempts,
    events::error,
    events::wanted,
);

/// Stores an event; `false` when it is known.
pub fn insert(tx: &mut Tx<'_>, row: &EventRow, body: &[u8]) -> Result<bool> {
    let stored = diesel::insert_into(events::table)
        .values(on_conflict(
            (
                events::id.eq(row.id),
                events::event.eq(&row.event),
                events::kind.eq(&row.kind),
                events::object.eq(row.object.as_deref()),
                events::happened_at.eq(row.happened_at),
                events::received_at.eq(row.received_at),
                events::api_version.eq(row.api_version.as_deref()),
                events::source.eq(row.source),
                events::state.eq(row.state),
                events::attempts.eq(row.attempts),
                events::error.eq(row.error.as_deref()),
                events::wanted.eq(row.wanted),
                events::body.eq(body),
            ),
            "ON CONFLICT (event) DO NOTHING",
        ))
        .execute(&mut **tx)?;
    Ok(stored == 1)
}

/// Stores that an event was sent to us which we had found in the list, with its bytes.
pub fn was_sent(tx: &mut Tx<'_>, event: &str, body: &[u8]) -> Result<()> {
    let found = events::table.filter(events::event.eq(event)).filter(events::source.eq(EventSource::List as i16));
    diesel::update(found).set((events::source.eq(EventSource::Webhook as i16), events::body.eq(body))).execute(&mut **tx)?;
    Ok(())
}

/// Stores with how many signs it came.
pub fn set_wanted(tx: &mut Tx<'_>, id: StripeEventId, wanted: i64) -> Result<()> {
    diesel::update(events::table.find(id)).set(events::wanted.eq(wanted)).execute(&mut **tx)?;
    Ok(())
}

/// One event.
pub fn by_id(conn: &mut Conn, id: StripeEventId) -> Result<Option<EventRow>> {
    Ok(events::table.find(id).select(COLUMNS).first(conn).optional()?)
}

/// The bytes of one, as they came.
pub fn body(conn: &mut Conn, id: StripeEventId) -> Result<Vec<u8>> {
    events::table.find(id).select(events::body).first(conn).optional()?.found()
}

/// Events below `before`, the newest first; only those in one of these states, if any are named.
pub fn find(conn: &mut Conn, states: &[EventState], before: Option<StripeEventId>, limit: i64) -> Result<Vec<EventRow>> {
    let mut query = events::table
        .filter(events::id.lt(before.unwrap_or(StripeEventId(i64::MAX))))
        .order(events::id.desc())
        .limit(limit)
        .select(COLUMNS)
        .into_boxed();
    if !states.is_empty() {
        query = query.filter(events::state.eq_any(states.iter().map(|state| *state as i16).collect::<Vec<_>>()));
    }
    Ok(query.load(conn)?)
}

/// Stores where it stands now.
pub fn set_state(tx: &mut Tx<'_>, id: StripeEventId, state: EventState) -> Result<()> {
    diesel::update(events::table.find(id)).set((events::state.eq(state as i16), events::error.eq(None::<String>))).execute(&mut **tx)?;
    Ok(())
}

/// Stores that its object could not be fetched; `is_last`: it is not tried again by itself.
pub fn fail(tx: &mut Tx<'_>, id: StripeEventId, error: &str, is_last: bool) -> Result<()> {
    let state = if is_last { EventState::Dead } else { EventState::Waiting };
    let error = &error[..error.floor_char_boundary(LONGEST_ERROR)];
    diesel::update(events::table.find(id))
        .set((events::state.eq(state as i16), events::attempts.eq(events::attempts + 1), events::error.eq(error)))
        .execute(&mut **tx)?;
    Ok(())
}

/// How many events stand somewhere.
pub fn count(conn: &mut Conn, state: EventState) -> Result<i64> {
    Ok(events::table.filter(events::state.eq(state as i16)).count().get_result(conn)?)
}

/// Since when the oldest event waits whose object is still to be fetched.
pub fn waiting_since(conn: &mut Conn) -> Result<Option<Millis>> {
    let waiting = events::table.filter(events::state.eq(EventState::Waiting as i16));
    Ok(waiting.order(events::id).select(events::received_at).first(conn).optional()?)
}

/// When the newest webhook came.
pub fn last_webhook(conn: &mut Conn) -> Result<Option<Millis>> {
    let webhooks = events::table.filter(events::source.eq(EventSource::Webhook as i16));
    Ok(webhooks.order(events::id.desc()).select(events::received_at).first(conn).optional()?)
}

/// Forgets what came before this instant and needs nobody any more.
pub fn forget_before(tx: &mut Tx<'_>, before: Millis) -> Result<()> {
    let over = [EventState::Done, EventState::WrongMode, EventState::ForeignAccount, EventState::Unconcerning].map(|state| state as i16);
    diesel::delete(events::table.filter(events::received_at.lt(before)).filter(events::state.eq_any(over))).execute(&mut **tx)?;
    Ok(())
}
