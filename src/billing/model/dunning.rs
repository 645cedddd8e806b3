//! When somebody who owes a payment is told so; pure.

use crate::clock::Millis;
use crate::money::add_days;

/// Which time it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dun {
    /// The payment did not come.
    Begun,
    /// Half of the days of grace are over.
    Half,
    /// One day is left.
    Last,
}

impl Dun {
    /// Its name in what a letter was written about.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Half => "half",
            Self::Last => "last",
        }
    }
}

/// When each is said of what is owed since then; what would be said on the day of another before it is left out.
fn times(since: Millis, grace_days: u32) -> impl Iterator<Item = (Dun, Millis)> {
    let half = (grace_days >= 4).then(|| (Dun::Half, add_days(since, grace_days / 2)));
    let last = (grace_days >= 2).then(|| (Dun::Last, add_days(since, grace_days - 1)));
    [Some((Dun::Begun, since)), half, last].into_iter().flatten()
}

/// What is said at `now`: the latest whose time has come. None once the days of grace are over, and before anything is owed. Who was not
/// reached for a while hears once how things stand, and not everything that was missed.
#[must_use]
pub fn dunning(since: Millis, grace_days: u32, now: Millis) -> Option<Dun> {
    let is_over = now >= add_days(since, grace_days) && grace_days > 0;
    times(since, grace_days).filter(|(_, at)| *at <= now && !is_over).map(|(dun, _)| dun).last()
}

/// When the next is said after `now`.
#[must_use]
pub fn next_dunning(since: Millis, grace_days: u32, now: Millis) -> Option<Millis> {
    times(since, grace_days).map(|(_, at)| at).find(|at| *at > now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Millis = 86_400_000;

    #[test]
    fn it_is_said_at_once_at_half_time_and_a_day_before_the_end() {
        let said: Vec<_> = (-1..=8).map(|day| dunning(10 * DAY, 7, (10 + day) * DAY)).collect();
        let (begun, half, last) = (Some(Dun::Begun), Some(Dun::Half), Some(Dun::Last));
        assert_eq!(said, [None, begun, begun, begun, half, half, half, last, None, None]);
        let next: Vec<_> = [9, 10, 12, 13, 16].iter().map(|day| next_dunning(10 * DAY, 7, day * DAY)).collect();
        assert_eq!(next, [Some(10 * DAY), Some(13 * DAY), Some(13 * DAY), Some(16 * DAY), None]);
    }

    #[test]
    fn with_few_days_it_is_said_less_often() {
        assert_eq!(times(0, 0).collect::<Vec<_>>(), [(Dun::Begun, 0)]);
        assert_eq!(times(0, 1).collect::<Vec<_>>(), [(Dun::Begun, 0)]);
        assert_eq!(times(0, 2).collect::<Vec<_>>(), [(Dun::Begun, 0), (Dun::Last, DAY)]);
        assert_eq!(times(0, 3).collect::<Vec<_>>(), [(Dun::Begun, 0), (Dun::Last, 2 * DAY)]);
        assert_eq!(times(0, 4).map(|(dun, at)| (dun, at / DAY)).collect::<Vec<_>>(), [(Dun::Begun, 0), (Dun::Half, 2), (Dun::Last, 3)]);
        assert_eq!(dunning(0, 0, 0), Some(Dun::Begun), "without grace it is said, and over");
    }
}
