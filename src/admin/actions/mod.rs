//! What happens in the dashboard: settings change, a community is set up, numbers are read. Knows neither HTTP nor sockets.

mod diagnostics;
mod jobs;
mod reading;
mod set_up;
mod settings;

pub use diagnostics::{Diagnostics, diagnostics};
pub use jobs::{drop_job, expect_dead, job_place, jobs_page, replay_job};
pub use reading::{audit_page, is_reachable, mail_page, summary};
pub use set_up::{check, check_owner, found};
#[cfg(test)]
pub(crate) use settings::SettingsChanged;
pub use settings::{change_settings, would_delete};
