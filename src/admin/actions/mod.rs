//! What happens in the dashboard: settings change, a community is set up, numbers are read. Knows neither HTTP nor sockets.

mod reading;
mod set_up;
mod settings;
mod settings_history;

pub use reading::{audit_page, is_reachable, mail_page, summary};
pub use set_up::{check, check_owner, found};
#[cfg(test)]
pub(crate) use settings::SettingsChanged;
pub use settings::{change_settings, place_settings};
pub use settings_history::{setting_history, undo_setting};
