//! What this slice tells other slices, inside the transaction in which it happened.

use std::sync::Arc;

use crate::error::Result;
use crate::ids::MemberId;
use crate::storage::Tx;

/// Something happened to somebody's membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The sign beside their name is another one, or gone.
    BadgeChanged {
        /// Whose.
        member: MemberId,
    },
}

/// What hears a notice.
type Listener = dyn Fn(&mut Tx<'_>, &Notice) -> Result<()> + Send + Sync;

/// Where notices go; `consequences` connects the other slices.
#[derive(Clone)]
pub struct Notices(pub Arc<Listener>);

impl std::fmt::Debug for Notices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Notices")
    }
}

impl Notices {
    /// Nobody listens.
    #[must_use]
    pub fn none() -> Self {
        Self(Arc::new(|_, _| Ok(())))
    }

    /// Tells.
    ///
    /// # Errors
    /// Those of the listeners; the transaction is then rolled back.
    pub fn tell(&self, tx: &mut Tx<'_>, notice: Notice) -> Result<()> {
        (self.0)(tx, &notice)
    }
}
