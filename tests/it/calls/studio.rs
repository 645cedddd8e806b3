//! A media server as tests play it: it keeps what it is told, answers every offer and connects at once. Real media has tests of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rialto::calls::sfu::{CallId, Input, Output, Refusal, Route, Source, Track, Who};
use rialto::calls::{Calls, MediaServer};

/// How long something may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(15);

/// What it was told, in order.
#[derive(Clone)]
pub struct Studio {
    told: Arc<Mutex<Vec<(Instant, Input)>>>,
    says: Sender<Output>,
    is_full: Arc<AtomicBool>,
}

impl Studio {
    /// One beside a program.
    pub fn beside(calls: &Calls) -> Self {
        let (says, said) = channel::<Output>();
        let studio = Self { told: Arc::default(), says, is_full: Arc::default() };
        calls.use_media(Arc::new(studio.clone()));
        let calls = calls.clone();
        // As the real one, on a thread of its own.
        std::thread::spawn(move || said.into_iter().for_each(|output| calls.hear_media(output)));
        studio
    }

    /// Says something.
    pub fn says(&self, output: Output) {
        self.says.send(output).expect("the program listens");
    }

    /// From now on it has no time for newcomers, or has again.
    pub fn fills(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::SeqCst);
    }

    /// Waits until something of what it was told fits; what, and when it was told.
    pub async fn hears<T>(&self, fits: impl Fn(&Input) -> Option<T>) -> (T, Instant) {
        let end = Instant::now() + PATIENCE;
        loop {
            let found = self.told.lock().expect("no panic").iter().find_map(|(at, input)| fits(input).map(|found| (found, *at)));
            match found {
                Some(found) => return found,
                None => assert!(Instant::now() < end, "the media server was not told"),
            }
            tokio::task::yield_now().await;
        }
    }

    /// Waits until somebody's media is cut; when.
    pub async fn is_cut(&self, who: Who) -> Instant {
        self.hears(|input| matches!(input, Input::Leave { who: cut } if *cut == who).then_some(())).await.1
    }

    /// The last who came in.
    pub fn newest(&self) -> Who {
        let told = self.told.lock().expect("no panic");
        told.iter().rev().find_map(|(_, input)| if let Input::Join { who, .. } = input { Some(*who) } else { None }).expect("somebody")
    }
}

impl MediaServer for Studio {
    fn has_room(&self, _: CallId) -> bool {
        !self.is_full.load(Ordering::SeqCst)
    }

    fn send(&self, input: Input) {
        if let Input::Offer { who, generation, sdp, tracks } = &input {
            let (who, generation) = (*who, *generation);
            if sdp.starts_with("v=0") {
                let _ = self.says.send(Output::Answer { who, generation, sdp: "v=0 answer".to_owned() });
                let track = |mid: &str, source: Source| Track { mid: mid.to_owned(), source, muted: false, live: true };
                let tracks = tracks.iter().map(|track_of| track(&track_of.mid, track_of.source)).collect();
                let _ = self.says.send(Output::Tracks { who, tracks });
                let _ = self.says.send(Output::Connected { who, route: Route::UdpV4 });
            } else {
                let _ = self.says.send(Output::Refused { who, generation, refusal: Refusal::OfferInvalid });
            }
        }
        self.told.lock().expect("no panic").push((Instant::now(), input));
    }
}
