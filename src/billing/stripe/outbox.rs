//! Calls that happen once: written down with their key before they are made, and made again under it until the answer is known.

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::client::views::Answer;
use super::client::{Failure, call::Call};
use super::connection::{Connection, Stripe};
use super::store::calls::{self, CallRow, CallState};
use super::store::objects;
use crate::clock::Millis;
use crate::error::{Error, RefusalKind, Result};
use crate::jobs::{Enqueue, Job, JobHandler, enqueue};
use crate::mutants::Mutant;
use crate::storage::Tx;

/// Jobs that make a call whose answer nobody got.
pub const CALL: &str = "stripe.call";
/// For how long whoever wrote a call down has it to themselves.
const AFTER_MS: Millis = 60_000;
/// Stripe forgets a key after a day at the earliest. Then the same call would be another one: it is not made any more.
const KEY_HOLDS_MS: Millis = 23 * 3_600_000;
/// When it makes sense to ask again after an unknown outcome.
const RETRY_MS: u64 = 2_000;
/// Attempts of the job: with their pauses more than a day, so that age ends it and not their number.
const ATTEMPTS: i32 = 60;

/// What was refused, or given up.
const REFUSED: &str = "billing.provider_refused";
/// What was refused because it could not be charged.
const CARD: &str = "billing.card_refused";
/// What was refused because the card's bank wants to ask its owner first.
pub(super) const BANK: &str = "billing.bank_asks";

#[derive(Serialize, Deserialize)]
struct Key {
    key: String,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused { status: 404, .. } => Self::NotFound,
            Failure::Refused { .. } => Self::conflict(REFUSED),
            Failure::Key { .. } => Self::refused(RefusalKind::Unavailable, "billing.provider_key"),
            Failure::Later { .. } | Failure::Unknown { .. } => Self::Busy { retry_after_ms: RETRY_MS },
        }
    }
}

impl Stripe {
    /// Makes a call under a key, once whatever happens: `call` is made up only if there is none under that key; one that is there is made
    /// as it was written down, and one that was answered is not made again.
    ///
    /// # Errors
    /// `billing.provider_refused`, of another price also `billing.card_refused` and `billing.bank_asks`: the same one now and each time it is
    /// asked again; [`Error::Busy`] while the outcome is not known.
    pub(super) async fn once(&self, to: &Connection, key: &str, call: Call) -> Result<Answer> {
        let (key, text) = (key.to_owned(), serde_json::to_string(&call)?);
        let row = self.db().write(move |tx| write_down(tx, &key, &text)).await?;
        self.go_on(to, row).await
    }

    /// What was written down before to be done to a subscription, and whose outcome nobody knows, comes to its end: made again later it would
    /// undo what is done now. Answers with how often something was written down so far, for [`Stripe::once_since`].
    ///
    /// # Errors
    /// While an outcome stays unknown.
    pub(super) async fn end_earlier(&self, to: &Connection, key: &str, external_id: &str) -> Result<i64> {
        let name = changes_of(external_id);
        let (open, so_far) = self.db().read(move |conn| Ok((calls::open(conn)?, objects::mark(conn, &name)?.wanted))).await?;
        for row in open.into_iter().filter(|row| row.key != key && is_about(row, external_id)) {
            match self.go_on(to, row).await {
                Err(error) if !is_end(&error) => return Err(error),
                _ => {}
            }
        }
        Ok(so_far)
    }

    /// Makes a call about a subscription as [`Stripe::once`] does; none: something else was written down about it since, and what is to be done is
    /// to be made up anew.
    ///
    /// # Errors
    /// As [`Stripe::once`].
    pub(super) async fn once_since(
        &self,
        to: &Connection,
        key: &str,
        call: Call,
        (external_id, so_far): (&str, i64),
    ) -> Result<Option<Answer>> {
        let (key, text, name) = (key.to_owned(), serde_json::to_string(&call)?, changes_of(external_id));
        let placed = self.db().write(move |tx| {
            let is_known = calls::by_key(tx, &key)?.is_some();
            if is_known || objects::want_since(tx, &name, so_far)? { write_down(tx, &key, &text).map(Some) } else { Ok(None) }
        });
        match placed.await? {
            Some(row) => self.go_on(to, row).await.map(Some),
            None => Ok(None),
        }
    }

    /// What came of the call under a key, or of the next attempt at it; none: none was written down.
    ///
    /// # Errors
    /// As [`Stripe::once`].
    pub(super) async fn again(&self, to: &Connection, key: &str) -> Result<Option<Answer>> {
        let key = key.to_owned();
        match self.db().read(move |conn| calls::by_key(conn, &key)).await? {
            Some(row) => self.go_on(to, row).await.map(Some),
            None => Ok(None),
        }
    }

    /// What came of a call, or the next attempt at it.
    async fn go_on(&self, to: &Connection, row: CallRow) -> Result<Answer> {
        match (row.state(), &row.answer) {
            (CallState::Done, Some(answer)) => return Ok(serde_json::from_str(answer)?),
            (CallState::Open, _) => {}
            (state, _) => return Err(Error::conflict(word(state))),
        }
        let CallRow { key, call, made_at, attempts, .. } = row;
        if self.now() > made_at + KEY_HOLDS_MS {
            tracing::error!(key, "the outcome of a call to Stripe was not learnt in time; look for it in Stripe's own log");
            self.db().write(move |tx| calls::settle(tx, &key, CallState::GivenUp, None, Some("no answer within 23 hours"))).await?;
            return Err(Error::conflict(REFUSED));
        }
        let call: Call = serde_json::from_str(&call)?;
        let counted = key.clone();
        self.db().write(move |tx| calls::count_attempt(tx, &counted)).await?;
        let under = if Mutant::MoneyNewKey.is_on() { format!("{key}/{}", attempts) } else { key.clone() };
        let answer = call.make(&to.client, &under).await;
        let state = ended(&call, &answer);
        let (text, error) = match &answer {
            Ok(answer) => (Some(serde_json::to_string(answer)?), None),
            Err(failure) => (None, Some(failure.to_string())),
        };
        if let Some(error) = &error {
            tracing::warn!(key, error, "a call to Stripe was not answered well");
        }
        self.db().write(move |tx| calls::settle(tx, &key, state, text.as_deref(), error.as_deref())).await?;
        match answer {
            Ok(answer) => Ok(answer),
            Err(Failure::Refused { .. }) => Err(Error::conflict(word(state))),
            Err(failure) => Err(failure.into()),
        }
    }
}

/// The name under which it is counted what was written down to be done to a subscription.
fn changes_of(external_id: &str) -> String {
    format!("changes of {external_id}")
}

/// Writes a call down with the job that makes it should whoever wrote it be gone, unless there is one under its key; the one that is there then.
fn write_down(tx: &mut Tx<'_>, key: &str, call: &str) -> Result<CallRow> {
    let (row, is_new) = calls::place(tx, key, call)?;
    if is_new {
        let options = Enqueue { run_at: Some(tx.now() + AFTER_MS), unique_key: Some(format!("{CALL}/{key}")), max_attempts: ATTEMPTS };
        enqueue(tx, CALL, &Key { key: key.to_owned() }, options)?;
    }
    Ok(row)
}

/// Does a call change this subscription?
fn is_about(row: &CallRow, external_id: &str) -> bool {
    serde_json::from_str::<Call>(&row.call).is_ok_and(|call| call.changes() == Some(external_id))
}

/// Was a call refused or given up? That is an end too, and stands in its row.
fn is_end(error: &Error) -> bool {
    [REFUSED, CARD, BANK].contains(&error.code())
}

/// Where a call stands with this answer. What a card refuses is told apart where a card is charged for it.
fn ended(call: &Call, answer: &std::result::Result<Answer, Failure>) -> CallState {
    match (call, answer) {
        (_, Ok(_)) => CallState::Done,
        (Call::ChangePrice { .. }, Err(Failure::Refused { status: 402, code, .. })) => match code.as_deref() {
            Some(code) if code == "authentication_required" || code.ends_with("payment_intent_requires_action") => CallState::BankAsks,
            _ => CallState::CardRefused,
        },
        (_, Err(Failure::Refused { .. })) => CallState::Refused,
        (_, Err(_)) => CallState::Open,
    }
}

/// The word for what was not done and is not going to be.
const fn word(state: CallState) -> &'static str {
    match state {
        CallState::CardRefused => CARD,
        CallState::BankAsks => BANK,
        CallState::Open | CallState::Done | CallState::Refused | CallState::GivenUp => REFUSED,
    }
}

/// Makes calls whose answers nobody got.
#[derive(Clone, Debug)]
pub struct Caller(pub Stripe);

impl JobHandler for Caller {
    fn run(&self, job: Job) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let Key { key } = job.read()?;
            let Some(row) = self.0.db().read(move |conn| calls::by_key(conn, &key)).await? else { return Ok(()) };
            if row.state() != CallState::Open {
                return Ok(());
            }
            let to = self.0.connected()?;
            if !row.key.starts_with(&to.scope()) {
                // It was meant for another account.
                return Err(Error::conflict("billing.stripe_off"));
            }
            match self.0.go_on(&to, row).await {
                Err(error) if !is_end(&error) => Err(error),
                _ => Ok(()),
            }
        })
    }
}
