//! Kinds, states, causes and roles: stored as numbers, words on the wire.

use serde::{Deserialize, Serialize};

/// Declares an enum that is stored as a number and stands as a word on the wire.
macro_rules! stored {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $number:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[cfg_attr(test, derive(ts_rs::TS))]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$each])* $variant = $number,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As stored.
            #[must_use]
            pub const fn number(self) -> i16 {
                self as i16
            }

            /// From the database.
            ///
            /// # Errors
            /// When the number is none of ours.
            pub fn from_number(number: i16) -> crate::error::Result<Self> {
                let found = Self::ALL.iter().find(|each| each.number() == number).copied();
                found.ok_or_else(|| crate::error::Error::broken(format!("{number} is no {}", stringify!($name))))
            }
        }
    };
}

stored! {
    /// What sort of call it is.
    CallKind {
        /// Between two members.
        Direct = 0,
        /// In a group conversation, or between several.
        Group = 1,
        /// Open, in a voice room.
        Room = 2,
    }
}

stored! {
    /// Where a call stands.
    CallState {
        /// It rings, and nobody has accepted.
        Ringing = 0,
        /// Somebody accepted; media is not there both ways yet.
        Connecting = 1,
        /// People are in it.
        Active = 2,
        /// It is over.
        Ended = 3,
    }
}

stored! {
    /// Why a call is over.
    Cause {
        /// The last one left.
        Left = 0,
        /// Nobody answered within the time.
        NoAnswer = 1,
        /// Whoever was called declined.
        Declined = 2,
        /// Whoever was called is in a call.
        Busy = 3,
        /// The caller took it back, or was gone while it rang.
        Cancelled = 4,
        /// It was accepted and no media came.
        Failed = 5,
        /// Nobody was in it any more.
        Empty = 6,
        /// One was left in it alone.
        Alone = 7,
        /// The longest time of its starter's plan is over.
        TimeOver = 8,
        /// A host ended it for all.
        EndedByHost = 9,
        /// Its room is archived or gone, or has no voice any more.
        RoomClosed = 10,
        /// The program stopped while it went on, and nobody came back.
        Interrupted = 11,
    }
}

stored! {
    /// Why somebody is no longer in a call.
    Parting {
        /// They went.
        Left = 0,
        /// Neither their socket nor their media came back.
        Lost = 1,
        /// A host removed them.
        Removed = 2,
        /// They were banned, or their account is gone.
        Banned = 3,
        /// Their session ended.
        SignedOut = 4,
        /// They are no longer in the call's room.
        RoomLeft = 5,
        /// The call is over.
        Ended = 6,
        /// They go on in another tab or device.
        Moved = 7,
        /// The media server gave them up.
        Failed = 8,
    }
}

stored! {
    /// What somebody may do in a call.
    CallRole {
        /// Moderates it, and speaks.
        Host = 0,
        /// Speaks and is seen.
        Speaker = 1,
        /// Hears and sees.
        Listener = 2,
    }
}

stored! {
    /// How a call ended for one member, as their list of calls shows it.
    Fate {
        /// It rang and was not answered.
        Missed = 0,
        /// It came while the member let nothing ring: quiet hours, or somebody unknown.
        Unheard = 1,
        /// It came while the member was in another call.
        Busy = 2,
        /// The member declined; of a call that they began, everybody else did.
        Declined = 3,
        /// The member was in it.
        Taken = 4,
        /// The member called, and nobody came.
        Unanswered = 5,
        /// It went on without the member, who was asked to come and did not.
        Passed = 6,
        /// The member called and took it back, or was gone while it rang.
        Cancelled = 7,
    }
}
