//! What the writer of SQLite has read and nobody has changed since: it is the only writer, so it knows.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt::Debug;

use crate::error::Result;

/// Rows kept at most; with more, all are forgotten and those in use read again.
const MOST: usize = 20_000;

/// Rows that were read, by type and keys.
#[derive(Debug, Default)]
pub(super) struct Known {
    rows: HashMap<(TypeId, i64, i64), Box<dyn Any + Send>>,
    /// `PRAGMA data_version`: it changes when another connection has written.
    version: Option<i32>,
}

impl Known {
    /// The row as it was read before, or as `load` reads it now. In debug builds it is read each time, and must be the same.
    pub(super) fn recall<T>(&mut self, keys: (i64, i64), load: impl FnOnce() -> Result<T>) -> Result<T>
    where
        T: Clone + PartialEq + Debug + Send + 'static,
    {
        let key = (TypeId::of::<T>(), keys.0, keys.1);
        if let Some(row) = self.rows.get(&key).and_then(|row| row.downcast_ref::<T>()) {
            if cfg!(debug_assertions) {
                assert_eq!(load().as_ref().ok(), Some(row), "a row changed although nothing but commands wrote");
            }
            return Ok(row.clone());
        }
        let row = load()?;
        if self.rows.len() >= MOST {
            self.rows.clear();
        }
        self.rows.insert(key, Box::new(row.clone()));
        Ok(row)
    }

    /// Somebody may have changed anything.
    pub(super) fn forget(&mut self) {
        self.rows.clear();
    }

    /// Another connection to the database has written if this differs from the last time.
    pub(super) fn see_version(&mut self, version: i32) {
        if self.version.replace(version) != Some(version) {
            self.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_kept_by_type_and_keys_until_somebody_may_have_changed_it() {
        let mut known = Known::default();
        known.see_version(7);
        known.recall((1, 1), || Ok(5_u8)).expect("a row");
        known.recall((1, 1), || Ok(6_u16)).expect("another type, another row");
        known.recall((1, 2), || Ok(7_u8)).expect("another key, another row");
        known.recall((1, 3), || Err::<u8, _>(crate::error::Error::NotFound)).expect_err("a failure is not kept");
        assert_eq!(known.recall((1, 1), || Ok(5_u8)).expect("known"), 5);
        known.see_version(7);
        assert_eq!(known.rows.len(), 3);
        known.see_version(8);
        assert_eq!(known.rows.len(), 0, "another connection has written");
        known.recall((1, 1), || Ok(5_u8)).expect("a row");
        known.forget();
        assert_eq!(known.recall((1, 1), || Ok(9_u8)).expect("read again"), 9);
    }

    #[test]
    fn there_is_a_limit() {
        let mut known = Known::default();
        for n in 0..=MOST {
            known.recall((0, i64::try_from(n).expect("small")), || Ok(n)).expect("a row");
            assert!(known.rows.len() <= MOST);
        }
        assert_eq!(known.rows.len(), 1);
    }

    #[test]
    #[should_panic(expected = "a row changed")]
    fn a_change_behind_its_back_is_noticed_in_tests() {
        let mut known = Known::default();
        known.recall((1, 1), || Ok(1)).expect("a row");
        let _ = known.recall((1, 1), || Ok(2));
    }
}
