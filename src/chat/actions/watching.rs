//! Automod at the door: what the rules of the community say of words before they are stored.

use std::sync::Arc;

use super::drafting::Prepared;
use crate::automod::{self, Automod, Incident, Said, Set, Verdict};
use crate::error::{Error, Result};
use crate::ids::{MemberId, MessageId, RoomId};
use crate::members::Members;
use crate::storage::Tx;

/// The rules in force, and who hears what they do to a member.
#[derive(Clone, Debug)]
pub(in crate::chat) struct Watch {
    pub(super) rules: Arc<Set>,
    members: Members,
}

impl Watch {
    /// As it is now.
    pub(in crate::chat) fn of(automod: &Automod, members: &Members) -> Self {
        Self { rules: automod.get(), members: members.clone() }
    }
}

/// Words that somebody wants to write.
#[derive(Clone, Copy)]
pub(super) struct Writing<'a> {
    pub(super) member: MemberId,
    pub(super) room: RoomId,
    pub(super) body: &'a str,
    pub(super) prepared: &'a Prepared,
    pub(super) watch: &'a Watch,
}

impl<'a> Writing<'a> {
    /// What all rules say of them. Whoever the rules do not look at has not asked.
    pub(super) fn judged(&self, tx: &mut Tx<'_>) -> Result<Verdict<'a>> {
        let rules = &self.watch.rules;
        if rules.is_empty() {
            return Ok(Verdict::default());
        }
        let account_age = tx.now() - automod::account_made_at(tx, self.member)?;
        let names = &self.prepared.names;
        let mentions = names.members.len() + names.roles.len() + usize::from(names.room) + usize::from(names.here);
        let said = Said { body: self.body, html: &self.prepared.html, mentions, account_age };
        Ok(Verdict::of(&rules.hits(&said)))
    }

    /// What follows. A refusal comes back: it is to be answered, while what was written beside it stays.
    pub(super) fn followed(&self, tx: &mut Tx<'_>, verdict: &Verdict<'_>, message: Option<MessageId>) -> Result<Option<Error>> {
        let incident = Incident { member: self.member, room: self.room, message, body: self.body };
        automod::follow(tx, &self.watch.members, verdict, &incident)?;
        Ok(verdict.refused.as_ref().map(|hit| Error::forbidden_saying("automod.refused", &hit.rule.rule.sentence)))
    }
}
