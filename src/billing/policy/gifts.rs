//! Who may make gifts, take them back, and redeem them.

use diesel::prelude::*;

use crate::access::{Actor, Permission, Permit, Scope};
use crate::error::{Found, Result};
use crate::ids::{GiftId, MemberId};
use crate::storage::Conn;
use crate::storage::schema::gifts;

/// Make gifts, and see them all with their codes.
#[derive(Debug)]
pub struct MakeGifts {
    by: MemberId,
}

impl Permit for MakeGifts {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        Ok(Self { by: actor.allowed(Permission::MembersGrant)? })
    }
}

impl MakeGifts {
    /// By whom.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
    }
}

/// Take one gift back.
#[derive(Debug)]
pub struct WithdrawGift {
    gift: GiftId,
    by: MemberId,
}

impl Permit for WithdrawGift {
    type Target = GiftId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, gift: GiftId) -> Result<Self> {
        let by = actor.allowed(Permission::MembersGrant)?;
        gifts::table.find(gift.0).select(gifts::id).first::<i64>(conn).optional()?.found()?;
        Ok(Self { gift, by })
    }
}

impl WithdrawGift {
    /// Which.
    #[must_use]
    pub const fn gift(&self) -> GiftId {
        self.gift
    }

    /// By whom.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
    }
}

/// Redeem a gift for oneself.
#[derive(Debug)]
pub struct RedeemGift {
    member: MemberId,
}

impl Permit for RedeemGift {
    type Target = ();
    const SCOPE: Scope = Scope::Account;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        Ok(Self { member: actor.signed_in()? })
    }
}

impl RedeemGift {
    /// Who.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }
}
