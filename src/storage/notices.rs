//! What one slice tells others, inside the transaction in which it happened.

use std::sync::Arc;

use super::Tx;
use crate::error::Result;

/// What hears a notice.
type Listener<N> = dyn Fn(&mut Tx<'_>, &N) -> Result<()> + Send + Sync;

/// Where notices of the kind `N` go; `consequences` connects the other slices. Cheap to clone.
pub struct Notices<N>(Arc<Listener<N>>);

impl<N> Clone for Notices<N> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<N> std::fmt::Debug for Notices<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Notices")
    }
}

impl<N> Notices<N> {
    /// They go to `listener`.
    #[must_use]
    pub fn to(listener: impl Fn(&mut Tx<'_>, &N) -> Result<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(listener))
    }

    /// Nobody listens.
    #[must_use]
    pub fn none() -> Self {
        Self::to(|_, _| Ok(()))
    }

    /// Tells.
    ///
    /// # Errors
    /// Those of the listeners; the transaction is then rolled back.
    pub fn tell(&self, tx: &mut Tx<'_>, notice: N) -> Result<()> {
        (self.0)(tx, &notice)
    }
}
