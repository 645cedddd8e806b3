//! Lanes: long jobs have slots of their own, so that a letter never waits for a backup.

/// Which slots the jobs of a kind take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// Done in a moment: letters, what is settled, what is told.
    Short,
    /// Done in minutes: backups, what is compared or deleted by the thousand.
    Long,
}

impl Lane {
    /// How many of its jobs run at the same time.
    pub(super) const fn slots(self) -> usize {
        match self {
            Self::Short => 4,
            Self::Long => 3,
        }
    }

    /// How many more may begin while so many run.
    pub(super) const fn room(self, running: usize) -> usize {
        self.slots().saturating_sub(running)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lane_has_room_up_to_its_slots() {
        for lane in [Lane::Short, Lane::Long] {
            assert!(lane.slots() > 0);
            assert_eq!((lane.room(0), lane.room(lane.slots() - 1)), (lane.slots(), 1), "{lane:?}");
            assert_eq!((lane.room(lane.slots()), lane.room(lane.slots() + 1)), (0, 0), "{lane:?}");
        }
    }
}
