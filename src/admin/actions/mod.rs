//! What happens in the dashboard: settings change, a community is set up, numbers are read. Knows neither HTTP nor sockets.

mod diagnostics;
mod jobs;
mod reading;
mod set_up;
mod settings;
mod settings_history;

pub use diagnostics::{Diagnostics, diagnostics};
pub use jobs::{drop_job, expect_dead, job_place, jobs_page, replay_job};
pub use reading::{audit_page, is_reachable, mail_page, summary};
pub use set_up::{check, check_owner, found};
#[cfg(test)]
pub(crate) use settings::SettingsChanged;
pub use settings::{Wish, change_settings, place_settings, would_delete};
pub use settings_history::{setting_history, undo_deletes, undo_setting};
