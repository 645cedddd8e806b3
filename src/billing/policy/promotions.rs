//! Who may see promotion codes, and end them.

use diesel::prelude::*;

use crate::access::{Actor, Permission, Permit, Scope};
use crate::error::{Found, Result};
use crate::ids::{MemberId, PromotionId};
use crate::storage::Conn;
use crate::storage::schema::promotions;

/// See every promotion code.
#[derive(Debug)]
pub struct SeePromotions(());

impl Permit for SeePromotions {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        actor.allowed(Permission::PlansEdit).map(|_| Self(()))
    }
}

/// End one promotion code.
#[derive(Debug)]
pub struct EndPromotion {
    promotion: PromotionId,
    by: MemberId,
}

impl Permit for EndPromotion {
    type Target = PromotionId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, promotion: PromotionId) -> Result<Self> {
        let by = actor.allowed(Permission::PlansEdit)?;
        promotions::table.find(promotion.0).select(promotions::id).first::<i64>(conn).optional()?.found()?;
        Ok(Self { promotion, by })
    }
}

impl EndPromotion {
    /// Which.
    #[must_use]
    pub const fn promotion(&self) -> PromotionId {
        self.promotion
    }

    /// By whom.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
    }
}
