//! Starting the media server: sockets, one thread for each, and the handle that hands inputs to the right one.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use rtc_crypto::RTCCryptoProvider;
use rtc_crypto::providers::RingProvider;

use super::door::{CallId, Config, Input, Listening, Output, Refusal, Sink, Totals};
use super::dtls::Identity;
use super::socket::{bind, listen, plain};
use super::wake::{Bell, pair};
use super::worker::{Order, Worker};

/// What one media thread tells of itself, ten times a second.
#[derive(Debug, Default)]
pub struct Counts {
    totals: Mutex<Totals>,
    /// For how much of its last second the thread had work to do, thousandths.
    pub busy_permille: AtomicU64,
    /// It has no time for newcomers.
    pub is_full: AtomicBool,
}

impl Counts {
    /// Counts up to now.
    pub fn keep(&self, totals: Totals) {
        *self.totals.lock().unwrap_or_else(PoisonError::into_inner) = totals;
    }

    fn totals(&self) -> Totals {
        *self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A media server that runs. Dropping it ends all calls and waits for its threads.
pub struct Sfu {
    threads: Vec<Thread>,
    places: Arc<Mutex<Places>>,
    most_calls: usize,
    sink: Sink,
}

/// On which thread each call lives, and which threads have failed.
#[derive(Default)]
struct Places {
    calls: HashMap<CallId, usize>,
    failed: BTreeSet<usize>,
}

impl Places {
    /// A thread is no more, and nothing that lived on it: which calls those were.
    fn fail(&mut self, thread: usize) -> Vec<CallId> {
        self.failed.insert(thread);
        let gone = self.calls.iter().filter(|(_, on)| **on == thread).map(|(call, _)| *call).collect();
        self.calls.retain(|_, on| *on != thread);
        gone
    }
}

fn guard(places: &Mutex<Places>) -> MutexGuard<'_, Places> {
    places.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Thread {
    bell: Bell<Order>,
    counts: Arc<Counts>,
    address: SocketAddr,
    handle: Option<JoinHandle<()>>,
}

impl Sfu {
    /// Binds the sockets and starts the threads.
    ///
    /// # Errors
    /// When a port is taken, no thread can be started, or no certificate can be made.
    pub fn start(config: &Config, sink: Sink) -> io::Result<Self> {
        let provider: Arc<dyn RTCCryptoProvider> = Arc::new(RingProvider::default());
        let identity = Identity::new(Arc::clone(&provider)).map_err(io::Error::other)?;
        let origin = Instant::now();
        let (mut threads, places) = (Vec::new(), Arc::new(Mutex::new(Places::default())));
        let all = usize::from(config.threads.max(1));
        for number in 0..config.threads.max(1) {
            let port = if config.port == 0 { 0 } else { config.port.saturating_add(number) };
            let (socket, listener) = sockets(config.at(), port)?;
            let address = plain(socket.local_addr()?);
            let (bell, hatch) = pair()?;
            let counts = Arc::new(Counts::default());
            let core = config.cores.get(usize::from(number)).copied();
            let setup = super::worker::Setup {
                socket,
                listener,
                hatch,
                identity: identity.clone(),
                provider: Arc::clone(&provider),
                addresses: config.addresses.clone(),
                limits: config.limits.clone(),
                origin,
                counts: Arc::clone(&counts),
                sink: Arc::clone(&sink),
                core,
            };
            let (ready, is_ready) = crossbeam_channel::bounded(1);
            let (places, sink) = (Arc::clone(&places), Arc::clone(&sink));
            // The worker is made on its thread: what it hands to the kernel must not move.
            let handle = std::thread::Builder::new().name(format!("media-{number}")).spawn(move || {
                let works = catch_unwind(AssertUnwindSafe(|| {
                    if let Some(mut worker) = Worker::new(setup) {
                        let _ = ready.send(());
                        worker.run();
                    }
                }));
                if works.is_err() {
                    let mut places = guard(&places);
                    let (calls, left) = (places.fail(usize::from(number)), all - places.failed.len());
                    drop(places);
                    tracing::error!(number, left, "a media thread failed, and its calls with it; start the program anew");
                    sink(Output::ThreadFailed { calls, left });
                }
            })?;
            is_ready.recv().map_err(|_| io::Error::other("a media thread could not begin"))?;
            threads.push(Thread { bell, counts, address, handle: Some(handle) });
        }
        Ok(Self { threads, places, most_calls: config.limits.calls, sink })
    }

    /// Hands in an input. It never waits; what comes of it comes through the sink.
    pub fn send(&self, input: Input) {
        let call = call_of(&input);
        let mut places = guard(&self.places);
        let Places { calls, failed } = &mut *places;
        let thread = match &input {
            Input::OpenCall { .. } | Input::OpenEcho { .. } if calls.contains_key(&call) => return,
            Input::OpenCall { .. } | Input::OpenEcho { .. } if calls.len() >= self.most_calls => return,
            Input::OpenCall { .. } | Input::OpenEcho { .. } => {
                let busy = |thread: &Thread| thread.counts.totals().participants;
                let on = |number: usize| calls.values().filter(|on| **on == number).count();
                let at_work = (0..self.threads.len()).filter(|number| !failed.contains(number));
                let least = at_work.min_by_key(|number| (busy(&self.threads[*number]), on(*number)));
                let Some(thread) = least else { return };
                calls.insert(call, thread);
                Some(thread)
            }
            Input::CloseCall { .. } => calls.remove(&call),
            _ => calls.get(&call).copied(),
        };
        drop(places);
        match (thread, input) {
            (Some(thread), input) => self.threads[thread].bell.send(Order::Input(input)),
            (None, Input::Join { who, .. }) => (self.sink)(Output::TurnedAway { who, refusal: Refusal::ServerFull }),
            (None, Input::Offer { who, generation, .. }) => {
                (self.sink)(Output::Refused { who, generation, refusal: Refusal::NotInCall });
            }
            (None, _) => {}
        }
    }

    /// Whether there is time for somebody new in this call, or for a new call.
    #[must_use]
    pub fn has_room(&self, call: CallId) -> bool {
        let (on, opens) = {
            let places = guard(&self.places);
            (places.calls.get(&call).copied(), places.calls.len() < self.most_calls)
        };
        let is_full = |thread: &Thread| thread.counts.is_full.load(Ordering::Relaxed);
        on.map_or_else(|| opens && !self.threads.iter().all(is_full), |on| !is_full(&self.threads[on]))
    }

    /// Where it listens, one address for each media thread.
    #[must_use]
    pub fn listening(&self) -> Listening {
        self.threads.iter().map(|thread| thread.address).collect()
    }

    /// Counts since the start.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut all = Totals::default();
        self.threads.iter().for_each(|thread| all += thread.counts.totals());
        // Those that were opened a moment ago are among them.
        all.calls = guard(&self.places).calls.len() as u64;
        all
    }

    /// For how much of its last second each media thread had work to do, thousandths.
    #[must_use]
    pub fn busy_permille(&self) -> Vec<u64> {
        self.threads.iter().map(|thread| thread.counts.busy_permille.load(Ordering::Relaxed)).collect()
    }
}

impl Drop for Sfu {
    fn drop(&mut self) {
        for thread in &self.threads {
            thread.bell.send(Order::Stop);
        }
        for thread in &mut self.threads {
            if let Some(handle) = thread.handle.take() {
                let _ = handle.join();
            }
        }
    }
}

/// How often a free port is looked for that is free over TCP as well.
const TRIES: usize = 16;

/// The sockets of one thread, at one port. Over TCP its number may be somebody else's: then there is UDP alone.
fn sockets(at: IpAddr, port: u16) -> io::Result<(UdpSocket, Option<TcpListener>)> {
    for _ in 1..if port == 0 { TRIES } else { 1 } {
        let socket = bind(at, port)?;
        if let Ok(listener) = listen(socket.local_addr()?) {
            return Ok((socket, Some(listener)));
        }
    }
    let socket = bind(at, port)?;
    let at = socket.local_addr()?;
    let listener = listen(at).inspect_err(|error| {
        tracing::warn!(%error, port = at.port(), "calls go over UDP alone: the media port is taken over TCP");
    });
    Ok((socket, listener.ok()))
}

const fn call_of(input: &Input) -> CallId {
    match input {
        Input::OpenCall { call } | Input::OpenEcho { call } | Input::CloseCall { call } | Input::Statistics { call } => *call,
        Input::Join { who, .. }
        | Input::Offer { who, .. }
        | Input::View { who, .. }
        | Input::Mute { who, .. }
        | Input::Restrict { who, .. }
        | Input::Leave { who } => who.call,
        #[cfg(debug_assertions)]
        Input::SeedPanic { who } => who.call,
        #[cfg(debug_assertions)]
        Input::SeedFailure { call } => *call,
    }
}
