//! What may go wrong, in six kinds, each with a stable code.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

/// The result of nearly everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Six kinds of failure. What a person sees is chosen by `code`, translated in `static/words`.
#[derive(Debug)]
pub enum Error {
    /// It does not exist, or the visitor may not know that it does.
    NotFound,
    /// Nobody is signed in.
    SignIn,
    /// It was understood and refused.
    Refused(Refusal),
    /// The input is wrong; one entry for each thing to mend.
    Invalid(Vec<Problem>),
    /// Not now; nothing was stored.
    Busy {
        /// When to try again.
        retry_after_ms: u64,
    },
    /// Our own fault; logged once, never shown.
    Broken(Broken),
}

/// Why something was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What sort of refusal, and so which HTTP status.
    pub kind: RefusalKind,
    /// Stable code, also the key of the sentence: `slice.thing`.
    pub code: &'static str,
    /// When trying again makes sense.
    pub retry_after_ms: Option<u64>,
    /// The community's own words for it, in the place of ours.
    pub said: Option<String>,
}

/// The sorts of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// 403: known, but not allowed.
    Forbidden,
    /// 402: a plan is missing.
    Payment,
    /// 409: it contradicts what is stored.
    Conflict,
    /// 410: it was there and is over.
    Gone,
    /// 413: more bytes than the limit.
    TooLarge,
    /// 415: another type of content is expected.
    MediaType,
    /// 421: a host that this server does not answer for.
    WrongHost,
    /// 429: too often.
    SlowDown,
    /// 503: the disk refuses, or another part is not there.
    Unavailable,
}

/// One thing to mend in the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The JSON field, or `""` for the whole.
    pub field: Cow<'static, str>,
    /// Stable code, also the key of the sentence.
    pub code: &'static str,
}

/// A failure of ours, with the place where it was noticed.
pub struct Broken {
    source: String,
    place: &'static Location<'static>,
}

impl Broken {
    /// What went wrong, without where in the program: for the operator, never for members.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}:{})", self.source, self.place.file(), self.place.line())
    }
}

impl Error {
    /// A refusal of the sort [`RefusalKind::Forbidden`].
    #[must_use]
    pub const fn forbidden(code: &'static str) -> Self {
        Self::refused(RefusalKind::Forbidden, code)
    }

    /// A refusal of the sort [`RefusalKind::Conflict`].
    #[must_use]
    pub const fn conflict(code: &'static str) -> Self {
        Self::refused(RefusalKind::Conflict, code)
    }

    /// A refusal of the sort [`RefusalKind::SlowDown`].
    #[must_use]
    pub const fn slow_down(code: &'static str, retry_after_ms: u64) -> Self {
        Self::Refused(Refusal { kind: RefusalKind::SlowDown, code, retry_after_ms: Some(retry_after_ms), said: None })
    }

    /// A refusal.
    #[must_use]
    pub const fn refused(kind: RefusalKind, code: &'static str) -> Self {
        Self::Refused(Refusal { kind, code, retry_after_ms: None, said: None })
    }

    /// A refusal of the sort [`RefusalKind::Forbidden`] in the community's own words; without any, in ours.
    #[must_use]
    pub fn forbidden_saying(code: &'static str, said: &str) -> Self {
        let said = Some(said.to_owned()).filter(|said| !said.is_empty());
        Self::Refused(Refusal { kind: RefusalKind::Forbidden, code, retry_after_ms: None, said })
    }

    /// The community's own words for a refusal.
    #[must_use]
    pub fn said(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => refusal.said.as_deref(),
            _ => None,
        }
    }

    /// One field is wrong.
    #[must_use]
    pub fn invalid(field: impl Into<Cow<'static, str>>, code: &'static str) -> Self {
        Self::Invalid(vec![Problem { field: field.into(), code }])
    }

    /// Our own fault, noticed here.
    #[track_caller]
    pub fn broken(source: impl fmt::Display) -> Self {
        Self::Broken(Broken { source: source.to_string(), place: Location::caller() })
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::SignIn => 401,
            Self::Invalid(_) => 422,
            Self::Busy { .. } => 503,
            Self::Broken(_) => 500,
            Self::Refused(refusal) => match refusal.kind {
                RefusalKind::Forbidden => 403,
                RefusalKind::Payment => 402,
                RefusalKind::Conflict => 409,
                RefusalKind::Gone => 410,
                RefusalKind::TooLarge => 413,
                RefusalKind::MediaType => 415,
                RefusalKind::WrongHost => 421,
                RefusalKind::SlowDown => 429,
                RefusalKind::Unavailable => 503,
            },
        }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "error.not_found",
            Self::SignIn => "error.sign_in",
            Self::Refused(refusal) => refusal.code,
            Self::Invalid(problems) if problems.len() == 1 => problems[0].code,
            Self::Invalid(_) => "error.invalid",
            Self::Busy { .. } => "error.busy",
            Self::Broken(_) => "error.broken",
        }
    }

    /// When trying again makes sense, in milliseconds.
    #[must_use]
    pub const fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Busy { retry_after_ms } => Some(*retry_after_ms),
            Self::Refused(refusal) => refusal.retry_after_ms,
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(broken) => write!(f, "{broken:?}"),
            other => f.write_str(other.code()),
        }
    }
}

impl std::error::Error for Error {}

impl From<diesel::result::Error> for Error {
    #[track_caller]
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind as Kind, Error as Diesel};
        match &error {
            // Somebody else wrote the same thing at the same moment: asked again, the answer is known.
            Diesel::DatabaseError(Kind::SerializationFailure | Kind::UniqueViolation, _) => Self::Busy { retry_after_ms: 200 },
            // PostgreSQL restarts, or the way to it is broken. Whether a COMMIT arrived is unknown; whoever asks again under the
            // same key learns it.
            Diesel::DatabaseError(Kind::ClosedConnection, _) | Diesel::BrokenTransactionManager => Self::Busy { retry_after_ms: 1_000 },
            Diesel::DatabaseError(Kind::Unknown, info) if is_connection_lost(info.message()) => Self::Busy { retry_after_ms: 1_000 },
            Diesel::DatabaseError(Kind::Unknown, info) if is_storage_fault(info.message()) => {
                tracing::debug!(%error, "storage refuses to write");
                Self::Refused(Refusal { kind: RefusalKind::Unavailable, code: "error.storage", retry_after_ms: Some(2_000), said: None })
            }
            Diesel::DatabaseError(Kind::Unknown, info)
                if ["deadlock", "canceling statement"].iter().any(|sign| info.message().contains(sign)) =>
            {
                Self::Busy { retry_after_ms: 200 }
            }
            Diesel::DatabaseError(Kind::Unknown, info) if info.message().contains("locked") => Self::Busy { retry_after_ms: 1_000 },
            _ => Self::broken(error),
        }
    }
}

/// Does the message say that the database server went away?
fn is_connection_lost(message: &str) -> bool {
    ["server closed the connection", "terminating connection", "no connection to the server", "connection to server"]
        .iter()
        .any(|sign| message.contains(sign))
}

/// Does the message say that the disk is full or cannot be written?
fn is_storage_fault(message: &str) -> bool {
    ["disk is full", "readonly database", "disk I/O error", "No space left"].iter().any(|fault| message.contains(fault))
}

impl From<serde_json::Error> for Error {
    #[track_caller]
    fn from(error: serde_json::Error) -> Self {
        Self::broken(error)
    }
}

impl From<std::io::Error> for Error {
    #[track_caller]
    fn from(error: std::io::Error) -> Self {
        Self::broken(error)
    }
}

/// Says that a missing row means "not found".
pub trait Found<T> {
    /// The value, or [`Error::NotFound`].
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    fn found(self) -> Result<T>;
}

impl<T> Found<T> for Option<T> {
    fn found(self) -> Result<T> {
        self.ok_or(Error::NotFound)
    }
}

impl actix_web::ResponseError for Error {
    fn status_code(&self) -> actix_web::http::StatusCode {
        actix_web::http::StatusCode::from_u16(self.status()).unwrap_or(actix_web::http::StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// A bare answer; the middleware in `http` gives it words and a form, JSON or a page.
    fn error_response(&self) -> actix_web::HttpResponse {
        actix_web::HttpResponse::build(self.status_code()).finish()
    }
}

#[cfg(test)]
mod tests {
    use diesel::result::{DatabaseErrorKind as Kind, Error as Diesel};

    use super::*;

    #[test]
    fn what_the_database_says_becomes_an_answer_that_clients_can_act_on() {
        let said = |kind, message: &str| Error::from(Diesel::DatabaseError(kind, Box::new(message.to_owned())));
        for (kind, message, code, retry_after_ms) in [
            (Kind::UniqueViolation, "UNIQUE constraint failed: rooms.name_key", "error.busy", Some(200)),
            (Kind::ClosedConnection, "server closed the connection unexpectedly", "error.busy", Some(1_000)),
            (Kind::Unknown, "FATAL: terminating connection due to administrator command", "error.busy", Some(1_000)),
            (Kind::Unknown, "no connection to the server", "error.busy", Some(1_000)),
            (Kind::Unknown, "deadlock detected", "error.busy", Some(200)),
            (Kind::Unknown, "database is locked", "error.busy", Some(1_000)),
            (Kind::Unknown, "database or disk is full", "error.storage", Some(2_000)),
            (Kind::Unknown, "no such table: rooms", "error.broken", None),
        ] {
            let error = said(kind, message);
            assert_eq!((error.code(), error.retry_after_ms()), (code, retry_after_ms), "{message}");
        }
        assert_eq!(Error::from(Diesel::BrokenTransactionManager).code(), "error.busy");
    }
}
