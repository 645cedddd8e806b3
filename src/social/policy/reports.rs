//! Permits about reports: who makes, sees and closes them, and which messages somebody may report.

use diesel::prelude::*;

use crate::access::{Actor, Permission, Permit, Scope};
use crate::error::{Error, Found, Result};
use crate::ids::{MemberId, MessageId, ReportId, RoomId};
use crate::storage::Conn;
use crate::storage::schema::{messages, reports, requests, room_members, rooms};

/// A member reports somebody, or a message.
#[derive(Debug)]
pub struct MakeReport {
    member: MemberId,
}

impl Permit for MakeReport {
    type Target = ();
    const SCOPE: Scope = Scope::Send;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        Ok(Self { member: actor.signed_in()? })
    }
}

/// A message that somebody sees and reports.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its room.
    pub room: RoomId,
    /// Who wrote it.
    pub author: MemberId,
    /// Markdown.
    pub body: String,
}

/// Numbers of the kinds of room that everyone reads.
const OPEN_KINDS: [i16; 2] = [0, 2];
/// Number of a history that begins with joining.
const SINCE_JOIN: i16 = 1;

impl MakeReport {
    /// Who reports.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// The message, if they see it: in a room that they read, or in a conversation that waits for their yes.
    ///
    /// # Errors
    /// `social.report_subject` on `message`.
    pub fn message(&self, conn: &mut Conn, id: MessageId) -> Result<Seen> {
        type Row = (i64, i64, i64, String, Option<i64>, bool);
        let unseen = || Error::invalid("message", "social.report_subject");
        let found = messages::table
            .find(id.0)
            .select((messages::room, messages::seq, messages::author, messages::body, messages::deleted_at, messages::unheard))
            .first::<Row>(conn)
            .optional()?;
        let Some((room, seq, author, body, None, false)) = found else { return Err(unseen()) };
        let (kind, history) = rooms::table.find(room).select((rooms::kind, rooms::history)).first::<(i16, i16)>(conn)?;
        let joined = room_members::table.find((room, self.member.0)).select(room_members::joined_seq).first::<i64>(conn).optional()?;
        let waits = || requests::table.filter(requests::member.eq(self.member.0)).filter(requests::room.eq(room));
        let sees = match joined {
            Some(joined) => history != SINCE_JOIN || seq > joined,
            None if OPEN_KINDS.contains(&kind) => true,
            None => waits().filter(requests::sender.eq(author)).select(requests::id).first::<i64>(conn).optional()?.is_some(),
        };
        if sees && author != self.member.0 { Ok(Seen { room: RoomId(room), author: MemberId(author), body }) } else { Err(unseen()) }
    }
}

/// The queue of reports.
#[derive(Debug)]
pub struct SeeReports(());

impl Permit for SeeReports {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        actor.allowed(Permission::Moderate).map(|_| Self(()))
    }
}

/// Close one report.
#[derive(Debug)]
pub struct CloseReport {
    report: ReportId,
    by: MemberId,
}

impl Permit for CloseReport {
    type Target = ReportId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, report: ReportId) -> Result<Self> {
        let by = actor.allowed(Permission::Moderate)?;
        reports::table.find(report.0).select(reports::id).first::<i64>(conn).optional()?.found()?;
        Ok(Self { report, by })
    }
}

impl CloseReport {
    /// Which.
    #[must_use]
    pub const fn report(&self) -> ReportId {
        self.report
    }

    /// By whom.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
    }
}
