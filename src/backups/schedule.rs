//! When the next backup is due, and whether there is one to rely on: settings and what was done in, decisions out.

use serde::Serialize;

use crate::clock::Millis;
use crate::settings::Settings;

const HOUR: Millis = 3_600_000;
const DAY: Millis = 24 * HOUR;
/// A backup that was due for longer than this is missed.
const LATE: Millis = 6 * HOUR;

/// What was done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Since when there is a schedule; none before the program served for the first time.
    pub since: Option<Millis>,
    /// When the newest one was begun that is there.
    pub made: Option<Millis>,
    /// When the newest one of all was begun.
    pub begun: Option<Millis>,
    /// Why the newest one of all failed, if it did.
    pub trouble: Option<String>,
}

/// Is there a backup to rely on?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// The last one is as new as it should be.
    Good,
    /// None was due yet.
    Early,
    /// The schedule is off.
    Off,
    /// The newest one could not be made.
    Failed,
    /// One was due and is not there.
    Late,
}

/// How the backups of a community stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// In one word.
    pub health: Health,
    /// When the newest one was begun that is there.
    pub last: Option<Millis>,
    /// When the next one is due; none when the schedule is off.
    pub next: Option<Millis>,
    /// Why the newest one failed.
    pub trouble: Option<String>,
}

/// The first moment after `base` at which a backup is due: that hour, so many days after the last such moment before it.
fn after(base: Millis, every_days: u16, hour: u8) -> Millis {
    let offset = Millis::from(hour) * HOUR;
    let slot = (base - offset).div_euclid(DAY) * DAY + offset;
    slot + Millis::from(every_days) * DAY
}

/// When the next backup is due; none when the schedule is off, or before there is one. After one that failed, the next day.
#[must_use]
pub fn next(settings: &Settings, past: &Past) -> Option<Millis> {
    let (every, hour) = (settings.backup_every_days, settings.backup_hour);
    let every_days = if past.trouble.is_some() { every.min(1) } else { every };
    let base = past.begun.or(past.since)?;
    (every > 0).then(|| after(base, every_days, hour))
}

/// How things stand now.
#[must_use]
pub fn standing(settings: &Settings, past: &Past, now: Millis) -> Standing {
    let wanted = past.made.or(past.since).map(|base| after(base, settings.backup_every_days.max(1), settings.backup_hour));
    let health = match wanted {
        _ if past.trouble.is_some() => Health::Failed,
        _ if settings.backup_every_days == 0 => Health::Off,
        Some(at) if now > at + LATE => Health::Late,
        _ if past.made.is_some() => Health::Good,
        _ => Health::Early,
    };
    Standing { health, last: past.made, next: next(settings, past), trouble: past.trouble.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-18T00:00:00Z.
    const MIDNIGHT: Millis = 1_794_960_000_000;

    fn every(days: u16) -> Settings {
        Settings { backup_every_days: days, backup_hour: 3, ..Settings::default() }
    }

    fn begun(at: Millis) -> Past {
        Past { since: Some(MIDNIGHT), made: Some(at), begun: Some(at), trouble: None }
    }

    #[test]
    fn the_next_one_is_due_at_its_hour_so_many_days_on() {
        let (three, day) = (MIDNIGHT + 3 * HOUR, DAY);
        for (days, last, due) in [
            (1, three, three + day),
            (1, three + 20_000, three + day),
            (1, three - 1, three),
            (1, three + 23 * HOUR, three + day),
            (7, three + 5 * HOUR, three + 7 * day),
            (7, three - 1, three + 6 * day),
        ] {
            assert_eq!(next(&every(days), &begun(last)), Some(due), "{days} days, {}", last - MIDNIGHT);
        }
        assert_eq!(next(&every(0), &begun(three)), None, "off");
        assert_eq!(next(&every(1), &Past::default()), None, "nobody served yet");
        let new = Past { since: Some(three + HOUR), ..Past::default() };
        assert_eq!(next(&every(1), &new), Some(three + day), "not at once");
        let failed = Past { trouble: Some("backups.full".to_owned()), ..begun(three) };
        assert_eq!(next(&every(7), &failed), Some(three + day), "again the next day");
    }

    #[test]
    fn what_is_wrong_has_a_word() {
        let three = MIDNIGHT + 3 * HOUR;
        let health = |settings: &Settings, past: &Past, now| standing(settings, past, now).health;
        assert_eq!(health(&every(1), &begun(three), three + DAY + LATE), Health::Good);
        assert_eq!(health(&every(1), &begun(three), three + DAY + LATE + 1), Health::Late);
        assert_eq!(health(&every(0), &begun(three), three + 90 * DAY), Health::Off);
        let new = Past { since: Some(three), ..Past::default() };
        assert_eq!(health(&every(1), &new, three + DAY), Health::Early);
        assert_eq!(health(&every(1), &new, three + DAY + LATE + 1), Health::Late);
        assert_eq!(health(&every(1), &Past::default(), three), Health::Early);
        let failed = Past { trouble: Some("backups.full".to_owned()), ..begun(three) };
        assert_eq!(health(&every(1), &failed, three), Health::Failed);
        assert_eq!(health(&every(0), &failed, three), Health::Failed);
    }
}
