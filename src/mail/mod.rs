//! Letters: written into the outbox in the transaction, sent by a job when SMTP is set up.

/// Sends letters.
#[derive(Clone, Debug)]
pub struct Mailer;
