//! Permits about reports: who makes, sees and closes them.

use diesel::prelude::*;

use crate::access::{Actor, Permission, Permit, Scope};
use crate::error::{Found, Result};
use crate::ids::{MemberId, ReportId};
use crate::storage::Conn;
use crate::storage::schema::reports;

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

impl MakeReport {
    /// Who reports.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }
}

/// The queue of reports, but for those of oneself.
#[derive(Debug)]
pub struct SeeReports {
    viewer: MemberId,
}

impl Permit for SeeReports {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        Ok(Self { viewer: actor.allowed(Permission::Moderate)? })
    }
}

impl SeeReports {
    /// Who looks.
    #[must_use]
    pub const fn viewer(&self) -> MemberId {
        self.viewer
    }
}

/// Look into one report and close it, but for one of oneself: that is for somebody else, who alone sees it.
#[derive(Debug)]
pub struct HandleReport {
    report: ReportId,
    by: MemberId,
}

impl Permit for HandleReport {
    type Target = ReportId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, report: ReportId) -> Result<Self> {
        let by = actor.allowed(Permission::Moderate)?;
        let seen = reports::table.find(report.0).filter(reports::again_of.is_null()).filter(reports::member.ne(by.0)).select(reports::id);
        seen.first::<i64>(conn).optional()?.found()?;
        Ok(Self { report, by })
    }
}

impl HandleReport {
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
