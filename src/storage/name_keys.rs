//! Keys of names made anew when their rule has changed: so many rows at a time, each in a transaction of its own.

use super::{Conn, Db, Tx};
use crate::error::Result;
use crate::text::name_key;

/// Rows that are read at once.
const AT_ONCE: i64 = 1_000;

/// A name as it stands in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRow<K> {
    /// Its place in the table's order.
    pub at: K,
    /// The name.
    pub name: String,
    /// The key that it has.
    pub key: String,
}

/// The rows behind a place.
type Rows<K> = Result<Vec<NamedRow<K>>>;

/// A table whose names have keys, in an order of its own.
#[derive(Clone, Copy, Debug)]
pub struct NameKeys<K> {
    /// What comes before its first row.
    pub before: K,
    /// At most so many rows behind a place.
    pub after: fn(&mut Conn, K, i64) -> Rows<K>,
    /// Stores another key.
    pub set: fn(&mut Tx<'_>, K, &str) -> Result<()>,
}

impl<K: Copy + Send + 'static> NameKeys<K> {
    /// Makes the keys anew, and answers how many were others. Cut off in between, it is begun again: what is right stays.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn renew(self, db: &Db) -> Result<usize> {
        let (mut after, mut renewed) = (self.before, 0);
        loop {
            let (last, changed) = db.write(move |tx| self.renew_some(tx, after)).await?;
            renewed += changed;
            match last {
                Some(last) => after = last,
                None => return Ok(renewed),
            }
        }
    }

    /// The next rows; where they end, and how many had another key.
    fn renew_some(self, tx: &mut Tx<'_>, after: K) -> Result<(Option<K>, usize)> {
        let rows = (self.after)(tx, after, AT_ONCE)?;
        let (last, mut changed) = (rows.last().map(|row| row.at), 0);
        for row in rows {
            let key = name_key(&row.name);
            if key != row.key {
                (self.set)(tx, row.at, &key)?;
                changed += 1;
            }
        }
        Ok((last, changed))
    }
}
