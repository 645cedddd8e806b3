//! Letters: written into the outbox in the transaction that needs them, sent by a job when SMTP is set up.
//!
//! Without SMTP they stay in the outbox, where the administrator reads them. The only module that names the SMTP library.

mod sheet;
mod smtp;
mod store;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use self::smtp::{Refused, Smtp};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::ids::{LetterId, MemberId};
use crate::jobs::{Enqueue, Job, JobHandler, enqueue};
use crate::storage::{Db, Tx};
use crate::text::clean_line;

pub use sheet::Sheet;
pub use store::{LetterHead, StoredLetter, forget_letter, forget_letters_to, letter, outbox, outcomes};

pub mod seed {
    //! Letters from before the program ran: for load.

    use super::{Letter, store};
    use crate::error::Result;
    use crate::storage::Tx;

    /// A letter that a mail server took at once.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn place_letter(tx: &mut Tx<'_>, letter: &Letter) -> Result<()> {
        let id = store::insert(tx, letter, &letter.to, &letter.subject)?;
        store::mark_sent(tx, id)
    }
}

/// Kind of the job that sends a letter.
pub const SEND: &str = "mail.send";

/// A letter to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// What sort of letter, `slice.thing`.
    pub kind: &'static str,
    /// Whose it is; nobody's where it goes to an address alone.
    pub member: Option<MemberId>,
    /// One mail address.
    pub to: String,
    /// Subject, one line.
    pub subject: String,
    /// The letter as plain text.
    pub text: String,
    /// The letter as HTML; empty for none.
    pub html: String,
}

#[derive(Serialize, Deserialize)]
struct ToSend {
    letter: LetterId,
}

/// Knows whether and where letters go. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Mailer {
    smtp: Option<Arc<Smtp>>,
}

impl Mailer {
    /// Reads `smtp_url` and `mail_from`. Nothing is connected yet.
    ///
    /// # Errors
    /// When one of them cannot be understood, or an SMTP server is named without a sender.
    pub fn new(config: &Config) -> Result<Self> {
        let Some(url) = &config.smtp_url else { return Ok(Self { smtp: None }) };
        let from = config.mail_from.as_deref().ok_or_else(|| Error::broken("letters need a sender: set mail_from beside smtp_url"))?;
        Ok(Self { smtp: Some(Arc::new(Smtp::new(url, from)?)) })
    }

    /// Are letters sent, or only kept in the outbox?
    #[must_use]
    pub const fn is_set_up(&self) -> bool {
        self.smtp.is_some()
    }

    /// Writes a letter into the outbox, in this transaction, and has it sent after COMMIT when SMTP is set up.
    ///
    /// # Errors
    /// `mail.recipient` for `to` when it is not one address, `mail.subject` for an empty subject or one above 200 characters,
    /// or when the database refuses.
    pub fn post(&self, tx: &mut Tx<'_>, letter: &Letter) -> Result<LetterId> {
        let to = clean_line(&letter.to, 3, 320, "to", "mail.recipient")?;
        if !smtp::is_address(&to) {
            return Err(Error::invalid("to", "mail.recipient"));
        }
        let subject = clean_line(&letter.subject, 1, 200, "subject", "mail.subject")?;
        let id = store::insert(tx, letter, &to, &subject)?;
        if self.is_set_up() {
            let options = Enqueue { unique_key: Some(format!("{SEND}/{id}")), ..Enqueue::default() };
            enqueue(tx, SEND, &ToSend { letter: id }, options)?;
        }
        Ok(id)
    }

    /// The handler for jobs of the kind [`SEND`].
    #[must_use]
    pub fn sender(&self, db: Db) -> Sender {
        Sender { mailer: self.clone(), db }
    }
}

/// Sends the letters of the outbox.
#[derive(Debug)]
pub struct Sender {
    mailer: Mailer,
    db: Db,
}

impl JobHandler for Sender {
    fn run(&self, job: Job) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.send(job.read::<ToSend>()?.letter).await })
    }
}

impl Sender {
    async fn send(&self, id: LetterId) -> Result<()> {
        let smtp = self.mailer.smtp.as_deref().ok_or_else(|| Error::broken("SMTP is no longer set up"))?;
        let letter = match self.db.read(move |conn| store::letter(conn, id)).await {
            // Removed from the outbox before it was sent: nothing is left to do.
            Err(Error::NotFound) => return Ok(()),
            letter => letter?,
        };
        if letter.head.sent_at.is_some() {
            return Ok(());
        }
        match smtp.send(&letter).await {
            Ok(()) => self.db.write(move |tx| store::mark_sent(tx, id)).await,
            Err(Refused { lasting, reason }) => {
                let note = reason.clone();
                self.db.write(move |tx| store::mark_failed(tx, id, &note)).await?;
                Err(if lasting { Error::invalid("to", "mail.refused") } else { Error::broken(reason) })
            }
        }
    }
}

#[cfg(test)]
mod tests;

/// The HTML of a plain letter: paragraphs, and addresses as links.
#[must_use]
pub fn html_of_text(text: &str) -> String {
    crate::text::render(text, &|_| None).html
}
