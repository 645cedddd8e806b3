//! What a permit is about, read from the path of a request.

use std::str::FromStr;

use actix_web::HttpRequest;

use crate::error::{Error, Result};
use crate::ids::{
    BackupId, CallId, GiftId, GrantId, InviteId, JobId, LetterId, MemberId, MessageId, OrderId, PaymentId, PlanId, PriceId, PromotionId,
    ReportId, RequestId, RoleId, RoomId, RuleId, SanctionId, SessionId, StripeEventId, SubscriptionId,
};
use crate::storage::{Conn, hold_roles, hold_room};

/// Something a permit can be about.
pub trait Target: Sized + Send + 'static {
    /// Reads it from the path.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the path does not name one.
    fn from_path(request: &HttpRequest) -> Result<Self>;

    /// Takes its turn before a write that concerns it is checked, so that nothing changes between the check and the write.
    ///
    /// # Errors
    /// When the database cannot be asked.
    fn take_turn(&self, _conn: &mut Conn) -> Result<()> {
        Ok(())
    }
}

impl Target for () {
    fn from_path(_: &HttpRequest) -> Result<Self> {
        Ok(())
    }
}

/// A target that has a fixed name in paths: `/rooms/{room}`.
pub trait PathId: FromStr + Send + 'static {
    /// The name in braces.
    const NAME: &'static str;

    /// As [`Target::take_turn`].
    ///
    /// # Errors
    /// When the database cannot be asked.
    fn take_turn(&self, _conn: &mut Conn) -> Result<()> {
        Ok(())
    }
}

impl<I: PathId> Target for I {
    fn from_path(request: &HttpRequest) -> Result<Self> {
        request.match_info().get(I::NAME).and_then(|text| text.parse().ok()).ok_or(Error::NotFound)
    }

    fn take_turn(&self, conn: &mut Conn) -> Result<()> {
        PathId::take_turn(self, conn)
    }
}

impl<A: PathId, B: PathId> Target for (A, B) {
    fn from_path(request: &HttpRequest) -> Result<Self> {
        Ok((A::from_path(request)?, B::from_path(request)?))
    }

    fn take_turn(&self, conn: &mut Conn) -> Result<()> {
        PathId::take_turn(&self.0, conn)
    }
}

impl PathId for RoomId {
    const NAME: &'static str = "room";

    fn take_turn(&self, conn: &mut Conn) -> Result<()> {
        hold_room(conn, *self)
    }
}

impl PathId for RoleId {
    const NAME: &'static str = "role";

    fn take_turn(&self, conn: &mut Conn) -> Result<()> {
        hold_roles(conn)
    }
}

macro_rules! path_ids {
    ($($id:ident $name:literal;)+) => {$(impl PathId for $id { const NAME: &'static str = $name; })+};
}

path_ids! {
    MemberId "member";
    MessageId "message";
    SessionId "session";
    InviteId "invite";
    LetterId "letter";
    SanctionId "sanction";
    PlanId "plan";
    GrantId "grant";
    GiftId "gift";
    PromotionId "promotion";
    StripeEventId "event";
    RequestId "request";
    ReportId "report";
    BackupId "backup";
    JobId "job";
    RuleId "rule";
    CallId "call";
    OrderId "order";
    PaymentId "payment";
    PriceId "price";
    SubscriptionId "subscription";
}

/// A secret or name in the path: `/invite/{code}`, at most 200 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named(pub String);

impl FromStr for Named {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        if text.len() <= 200 { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

impl PathId for Named {
    const NAME: &'static str = "code";
}
