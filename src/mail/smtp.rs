//! Hands a letter to an SMTP server.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, PoolConfig};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::StoredLetter;
use crate::error::{Error, Result};

/// How long the server may take for each answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Where letters go, and from whom.
#[derive(Debug)]
pub(super) struct Smtp {
    /// Each letter has a connection of its own: letters are rare, and a pool would have to be made and dropped inside the runtime.
    connect: AsyncSmtpTransportBuilder,
    from: Mailbox,
}

/// Why a letter was not taken.
#[derive(Debug)]
pub(super) struct Refused {
    /// Will the same letter be refused again?
    pub(super) lasting: bool,
    pub(super) reason: String,
}

/// Is it one mail address?
pub(super) fn is_address(text: &str) -> bool {
    text.parse::<Address>().is_ok()
}

impl Smtp {
    pub(super) fn new(url: &str, from: &str) -> Result<Self> {
        let from = from.parse().map_err(|error| Error::broken(format!("mail_from is not a mail address: {error}")))?;
        // The error may quote the address, and with it the password.
        let connect = AsyncSmtpTransport::<Tokio1Executor>::from_url(&with_tls(url))
            .map_err(|_| Error::broken("smtp_url is not smtp://[user:password@]host[:port] or smtps://…"))?
            .pool_config(PoolConfig::new().max_size(1))
            .timeout(Some(PATIENCE));
        Ok(Self { connect, from })
    }

    pub(super) async fn send(&self, letter: &StoredLetter) -> Result<(), Refused> {
        let message = self.message(letter).map_err(|error| Refused { lasting: true, reason: error.to_string() })?;
        match self.connect.clone().build::<Tokio1Executor>().send(message).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Refused { lasting: error.is_permanent(), reason: with_causes(&error) }),
        }
    }

    /// The same letter is the same message every time, so that a server or reader can recognise a repetition.
    fn message(&self, letter: &StoredLetter) -> Result<Message> {
        let head = &letter.head;
        let to: Address = head.to.parse().map_err(Error::broken)?;
        let written = UNIX_EPOCH + Duration::from_millis(u64::try_from(head.at).unwrap_or(0));
        let builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(head.subject.as_str())
            .date(written)
            .message_id(Some(format!("<letter-{}@{}>", head.id, self.from.email.domain())))
            .header(AutoSubmitted);
        let message = if letter.html.is_empty() {
            builder.header(ContentType::TEXT_PLAIN).body(letter.text.clone())
        } else {
            builder.multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
        };
        message.map_err(Error::broken)
    }
}

/// Tells other programs not to answer (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Says what the address leaves open: a password crosses the network only encrypted, other letters when the server can.
/// The machine itself is not the network.
fn with_tls(url: &str) -> String {
    let Some(rest) = url.strip_prefix("smtp://").filter(|_| !url.contains('?')) else { return url.to_owned() };
    let authority = rest.split('/').next().unwrap_or_default();
    let (has_password, server) = authority.rsplit_once('@').map_or((false, authority), |(_, server)| (true, server));
    let is_named = |name: &&str| server.strip_prefix(*name).is_some_and(|port| port.is_empty() || port.starts_with(':'));
    let local = ["localhost", "127.0.0.1", "[::1]"].iter().any(is_named);
    match (local, has_password) {
        (true, _) => url.to_owned(),
        (false, true) => format!("{url}?tls=required"),
        (false, false) => format!("{url}?tls=opportunistic"),
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_letters_travel_encrypted_beyond_this_machine() {
        for (given, meant) in [
            ("smtp://u:p@mail.example:587", "smtp://u:p@mail.example:587?tls=required"),
            ("smtp://mail.example", "smtp://mail.example?tls=opportunistic"),
            ("smtp://u:p@localhost.example", "smtp://u:p@localhost.example?tls=required"),
            ("smtp://127.0.0.1:2525", "smtp://127.0.0.1:2525"),
            ("smtp://u:p@[::1]:25", "smtp://u:p@[::1]:25"),
            ("smtps://mail.example", "smtps://mail.example"),
            ("smtp://mail.example?tls=required", "smtp://mail.example?tls=required"),
        ] {
            assert_eq!(with_tls(given), meant);
            assert!(Smtp::new(given, "Rialto <rialto@community.example>").is_ok(), "{given}");
        }
    }

    #[test]
    fn settings_that_cannot_work_are_errors_without_the_password() {
        let error = Smtp::new("smtp://u:secret@mail.example?tls=no", "a@b.example").expect_err("no such mode");
        assert!(!format!("{error}").contains("secret"));
        assert!(Smtp::new("http://mail.example", "a@b.example").is_err());
        assert!(Smtp::new("smtp://mail.example", "nobody").is_err());
    }
}
