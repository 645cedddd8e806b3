//! Where members stand, in memory: the ordinary question costs no database.
//!
//! What is remembered is right until a commit changes it, which makes it forgotten before anybody is answered, or until its time is over.
//! Every such commit counts one up (`billing.revision`), and what is read is kept only when no later commit is known: a reader whose
//! snapshot is older than a change never puts the old answer back. A start begins with nothing.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::billing::model::{Rules, Standing};
use crate::billing::store;
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::MemberId;
use crate::storage::{Conn, Tx};

/// Most members that are remembered; above it all are forgotten and come again when they are asked for.
const MOST: usize = 200_000;

/// The memory. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Standings {
    kept: Arc<RwLock<Kept>>,
    test_counts: bool,
}

#[derive(Debug, Default)]
struct Kept {
    /// The latest commit that is known.
    revision: i64,
    all: HashMap<MemberId, Known>,
}

#[derive(Debug)]
struct Known {
    /// When it was found out.
    since: Millis,
    standing: Arc<Standing>,
}

impl Standings {
    /// With nothing remembered; does what was paid at the test provider count?
    #[must_use]
    pub fn counting_test(test_counts: bool) -> Self {
        Self { test_counts, ..Self::default() }
    }

    /// Does what was paid at the test provider count?
    pub(super) const fn counts_test(&self) -> bool {
        self.test_counts
    }

    /// Where a member stands at `now`, asked in a read; who is nobody stands where everyone does.
    ///
    /// # Errors
    /// When the database has to be asked and cannot be read.
    pub fn of(&self, conn: &mut Conn, member: MemberId, now: Millis) -> Result<Arc<Standing>> {
        if let Some(known) = self.known(member, now) {
            return Ok(known);
        }
        let (revision, standing) = self.found(conn, member, now)?;
        self.keep(member, revision, now, &standing);
        Ok(standing)
    }

    /// The same inside a write. What is read there may be rows that are never committed, of this transaction or of another one of its group:
    /// it is remembered only when they are. What is remembered answers only while none of them changed it.
    ///
    /// # Errors
    /// As [`Standings::of`].
    pub fn of_within(&self, tx: &mut Tx<'_>, member: MemberId, now: Millis) -> Result<Arc<Standing>> {
        if let Some(known) = self.known(member, now).filter(|_| !tx.memory_is_behind()) {
            return Ok(known);
        }
        let (revision, standing) = self.found(tx, member, now)?;
        let (memory, found) = (self.clone(), Arc::clone(&standing));
        tx.after_commit(move || memory.keep(member, revision, now, &found));
        Ok(standing)
    }

    /// What a member is entitled to; as [`Standings::of`].
    ///
    /// # Errors
    /// As [`Standings::of`].
    pub fn entitlements_of(&self, conn: &mut Conn, member: MemberId, now: Millis) -> Result<super::super::model::Entitlements> {
        Ok(self.of(conn, member, now)?.entitlements.clone())
    }

    /// What is remembered of a member and holds at `now`.
    #[must_use]
    pub fn known(&self, member: MemberId, now: Millis) -> Option<Arc<Standing>> {
        let kept = self.read();
        let known = kept.all.get(&member)?;
        // A clock that was set back makes it unknown too.
        let holds = known.since <= now && known.standing.changes_at.is_none_or(|at| now < at);
        holds.then(|| Arc::clone(&known.standing))
    }

    fn keep(&self, member: MemberId, revision: i64, now: Millis, standing: &Arc<Standing>) {
        let mut kept = self.write();
        if revision < kept.revision {
            return;
        }
        if kept.all.len() >= MOST {
            kept.all.clear();
        }
        kept.all.insert(member, Known { since: now, standing: Arc::clone(standing) });
    }

    /// A commit with this number changed where a member stands.
    pub(super) fn forget(&self, member: MemberId, revision: i64) {
        let mut kept = self.write();
        kept.revision = kept.revision.max(revision);
        kept.all.remove(&member);
    }

    /// A commit with this number may have changed where anybody stands.
    pub(super) fn forget_all(&self, revision: i64) {
        let mut kept = self.write();
        kept.revision = kept.revision.max(revision);
        kept.all.clear();
    }

    /// Forgets all when the rows were changed beside this program, by the command line or another one: asked by a timer.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn catch_up(&self, conn: &mut Conn) -> Result<()> {
        let revision = store::standing::revision(conn)?;
        if revision > self.read().revision {
            self.forget_all(revision);
        }
        Ok(())
    }

    /// By the rows that this connection sees, and how new they are.
    fn found(&self, conn: &mut Conn, member: MemberId, now: Millis) -> Result<(i64, Arc<Standing>)> {
        let revision = store::standing::revision(conn)?;
        let rules = Rules { test_counts: self.test_counts, ..store::standing::rules(conn)? };
        Ok((revision, Arc::new(store::standing::standing(conn, member, rules, now)?)))
    }

    fn read(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: MemberId = MemberId(7);

    fn until(changes_at: Option<Millis>) -> Arc<Standing> {
        Arc::new(Standing { changes_at, ..Standing::default() })
    }

    #[test]
    fn what_is_known_holds_until_its_time_is_over_and_not_before_it_was_found() {
        let standings = Standings::default();
        standings.keep(WHO, 0, 100, &until(Some(200)));
        assert!(standings.known(WHO, 100).is_some() && standings.known(WHO, 199).is_some());
        assert!(standings.known(WHO, 200).is_none(), "its time is over");
        assert!(standings.known(WHO, 99).is_none(), "the clock was set back");
        standings.keep(WHO, 0, 200, &until(None));
        assert!(standings.known(WHO, Millis::MAX).is_some());
    }

    #[test]
    fn an_old_snapshot_does_not_come_back_after_a_change() {
        let standings = Standings::default();
        standings.keep(MemberId(8), 3, 0, &until(None));
        standings.forget(WHO, 4);
        standings.keep(WHO, 3, 0, &until(None));
        assert!(standings.known(WHO, 0).is_none(), "read before the change");
        assert!(standings.known(MemberId(8), 0).is_some(), "somebody else is still known");
        standings.keep(WHO, 4, 0, &until(None));
        assert!(standings.known(WHO, 0).is_some());
        standings.forget_all(3);
        assert!(standings.known(WHO, 0).is_none() && standings.known(MemberId(8), 0).is_none());
        standings.keep(WHO, 3, 0, &until(None));
        assert!(standings.known(WHO, 0).is_none(), "commits may be told in another order");
    }

    #[test]
    fn memory_is_bounded() {
        let standings = Standings::default();
        for n in 0..=MOST {
            standings.keep(MemberId(i64::try_from(n).expect("small")), 0, 0, &until(None));
        }
        assert_eq!(standings.read().all.len(), 1);
    }
}
