//! Who makes and changes rules. The only place that makes these permits.

use super::model::Rule;
use super::store;
use crate::access::{Actor, Permission, Permit, Scope};
use crate::error::{Found, Result};
use crate::ids::{MemberId, RuleId};
use crate::storage::Conn;

/// See the rules, make one, and try one out.
#[derive(Debug)]
pub struct ManageRules {
    by: MemberId,
}

impl Permit for ManageRules {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        Ok(Self { by: actor.allowed(Permission::SettingsManage)? })
    }
}

impl ManageRules {
    /// Who.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
    }
}

/// Change or delete one rule.
#[derive(Debug)]
pub struct KeepRule {
    rule: Rule,
    by: MemberId,
}

impl Permit for KeepRule {
    type Target = RuleId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, rule: RuleId) -> Result<Self> {
        let by = actor.allowed(Permission::SettingsManage)?;
        Ok(Self { rule: store::by_id(conn, rule)?.found()?, by })
    }
}

impl KeepRule {
    /// The rule as it was a moment ago.
    #[must_use]
    pub const fn rule(&self) -> &Rule {
        &self.rule
    }

    /// Who.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
    }
}
