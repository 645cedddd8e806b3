//! What the slice keeps and shows: values that check themselves, rows, and the objects of the API.

mod access;
mod badge;
mod invite;
mod member;
mod names;
mod password;
mod sanction;
mod session;
mod zone;

pub use access::{NamedRole, NewRole, Role, RoleChange, RoleKind, RoleRow};
pub use badge::{Badge, BadgeReason};
pub use invite::{Invite, InviteRow, LinkPurpose, NewInvite};
pub use member::{Account, AccountChange, MemberRow, MemberState, NewMember, Profile, Removed, Status, Theme};
pub use names::{DisplayName, Email, Line, Username, initials};
pub use password::Password;
pub use sanction::{APPEAL_CHARACTERS, Appeal, Sanction, SanctionKind, SanctionRow, Terms, ToldAppeal, ToldSanction};
pub use session::{ApiToken, NewToken, Session, SessionKind, SessionRow, device_name};
pub use zone::{zone_named, zone_names};
