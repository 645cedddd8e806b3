//! Seeded faults: each breaks one promise of the delivery contract, of what the media server rewrites, or of money, so that the proofs can show that they
//! would notice.
//!
//! Without the cargo feature `mutants`, which no build that is served has, every question here is answered with no at compile time.

#[cfg(all(feature = "mutants", not(debug_assertions)))]
compile_error!("the feature `mutants` seeds faults for proofs; a release build must not have it");

/// A fault that can be switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// A sender hears of success before COMMIT.
    AckBeforeCommit,
    /// Others hear of a message before COMMIT.
    FanOutBeforeCommit,
    /// A key that was used before is no reason not to store a message again.
    NoUniqueKey,
    /// A frame that does not fit into a queue is dropped, and the connection goes on.
    DropWithoutClose,
    /// SQLite does not sync its log on COMMIT.
    SynchronousNormal,
    /// A replay begins one event too late.
    ResumeOffByOne,
    /// The program goes on after a COMMIT whose sync failed.
    SurviveFailedSync,
    /// Heartbeats tell of logs that nothing was ever added to.
    FrozenDigest,
    /// What a slot leaves out leaves a hole in its numbers.
    RewriteLeavesHoles,
    /// A packet that comes twice goes out twice.
    RewriteNumberTwice,
    /// Another layer may begin before what went out.
    RewriteTimeBack,
    /// A slot changes stream without a keyframe.
    RewriteAnySwitch,
    /// A picture that was cut off looks whole.
    RewriteCutUnseen,
    /// Pictures are numbered as they came after a change.
    RewritePictureLeap,
    /// What is asked for again is answered with its neighbour.
    NackNeighbour,
    /// What went before a keyframe is sent again after it.
    NackBeforeKeyframe,
    /// An answer of a provider counts, however old it is.
    MoneyAnyAnswer,
    /// An event of a payment that is not written down yet is followed to nothing.
    MoneyForgetsUnwritten,
    /// A call to a provider is made again under another key.
    MoneyNewKey,
    /// A webhook is answered before it is stored.
    MoneyAckUnstored,
    /// A checkout gives what it sells before it is paid.
    MoneyFulfilUnpaid,
    /// Money that goes back stands on one side of the books.
    MoneyOneSide,
}

impl Mutant {
    /// Its name in the environment.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AckBeforeCommit => "ack-before-commit",
            Self::FanOutBeforeCommit => "fan-out-before-commit",
            Self::NoUniqueKey => "no-unique-key",
            Self::DropWithoutClose => "drop-without-close",
            Self::SynchronousNormal => "synchronous-normal",
            Self::ResumeOffByOne => "resume-off-by-one",
            Self::SurviveFailedSync => "survive-failed-sync",
            Self::FrozenDigest => "frozen-digest",
            Self::RewriteLeavesHoles => "rewrite-leaves-holes",
            Self::RewriteNumberTwice => "rewrite-number-twice",
            Self::RewriteTimeBack => "rewrite-time-back",
            Self::RewriteAnySwitch => "rewrite-any-switch",
            Self::RewriteCutUnseen => "rewrite-cut-unseen",
            Self::RewritePictureLeap => "rewrite-picture-leap",
            Self::NackNeighbour => "nack-neighbour",
            Self::NackBeforeKeyframe => "nack-before-keyframe",
            Self::MoneyAnyAnswer => "money-any-answer",
            Self::MoneyForgetsUnwritten => "money-forgets-unwritten",
            Self::MoneyNewKey => "money-new-key",
            Self::MoneyAckUnstored => "money-ack-unstored",
            Self::MoneyFulfilUnpaid => "money-fulfil-unpaid",
            Self::MoneyOneSide => "money-one-side",
        }
    }

    /// Is it switched on by `RIALTO_TEST_MUTANT`?
    #[cfg(feature = "mutants")]
    #[must_use]
    pub fn is_on(self) -> bool {
        static CHOSEN: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
        let chosen = CHOSEN.get_or_init(|| std::env::var("RIALTO_TEST_MUTANT").ok());
        chosen.as_deref() == Some(self.name())
    }

    /// Never.
    #[cfg(not(feature = "mutants"))]
    #[must_use]
    pub const fn is_on(self) -> bool {
        let _ = self.name();
        false
    }
}
