//! Who may take a member's data away: that member. The only place that makes this permit.

use crate::access::{Actor, Permit, Scope};
use crate::error::Result;
use crate::ids::MemberId;
use crate::storage::Conn;

/// Take one's own data.
#[derive(Debug)]
pub struct TakeOwnData {
    member: MemberId,
}

impl Permit for TakeOwnData {
    type Target = ();
    const SCOPE: Scope = Scope::Account;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        Ok(Self { member: actor.signed_in()? })
    }
}

impl TakeOwnData {
    /// Whose.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }
}
