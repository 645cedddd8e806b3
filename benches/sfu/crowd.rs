//! Calls full of clients: a media server on one core, everyone else on the other.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, unbounded};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg};
use rialto::calls::sfu::{CallId, Config, Input, Limits, Output, ParticipantId, Permissions, Sfu, Totals, Who};

use crate::client::{Client, DEADLINE, Knows, OPUS, Section};
use crate::cpu;

/// A media server with its calls.
pub struct Crowd {
    sfu: Sfu,
    outputs: Receiver<Output>,
}

impl Crowd {
    /// Opens so many calls.
    pub fn open(calls: u64, threads: u16) -> Self {
        cpu::keep_to(1);
        let (sender, outputs) = unbounded();
        let config = Config {
            port: 0,
            threads,
            addresses: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            limits: Limits { participants: 1_000, lost: Duration::from_secs(600), weak: Duration::from_secs(600), ..Limits::default() },
            cores: vec![0],
        };
        let sink = Arc::new(move |output| {
            let _ = sender.send(output);
        });
        let sfu = Sfu::start(&config, sink).expect("a free port");
        (0..calls).for_each(|call| sfu.send(Input::OpenCall { call: CallId(call) }));
        Self { sfu, outputs }
    }

    /// A participant enters a call and connects.
    pub fn join(&mut self, call: u64, number: u32, sections: &[Section]) -> Client {
        let who = Who { call: CallId(call), participant: ParticipantId(number) };
        let mut client = Client::new("127.0.0.1:0", Knows::Both);
        self.sfu.send(Input::Join { who, may: Permissions::ALL });
        self.sfu.send(Input::Offer { who, generation: 1, sdp: client.offer(sections), tracks: Vec::new() });
        let answer = self.wait(|output| match output {
            Output::Answer { who: found, sdp, .. } if *found == who => Some(sdp.clone()),
            _ => None,
        });
        client.accept(&answer, false);
        assert!(client.connect(DEADLINE), "{who:?} connects");
        self.wait(|output| matches!(output, Output::Connected { who: found, .. } if *found == who).then_some(()));
        client
    }

    fn wait<T>(&self, fits: impl Fn(&Output) -> Option<T>) -> T {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(found) = fits(&self.outputs.recv_deadline(end).expect("told in time")) {
                return found;
            }
        }
    }

    /// Hands in an input.
    pub fn send(&self, input: Input) {
        self.sfu.send(input);
    }

    /// Everybody of a call leaves, and has left.
    pub fn all_leave(&mut self, call: u64, numbers: u32) {
        let who = |number| Who { call: CallId(call), participant: ParticipantId(number) };
        (1..=numbers).for_each(|number| self.sfu.send(Input::Leave { who: who(number) }));
        for number in 1..=numbers {
            self.wait(|output| matches!(output, Output::Ended { who: found, .. } if *found == who(number)).then_some(()));
        }
        while self.outputs.try_recv().is_ok() {}
    }

    /// Whether somebody new may come into this call.
    pub fn has_room(&self, call: u64) -> bool {
        self.sfu.has_room(CallId(call))
    }

    /// Counts since the start.
    pub fn totals(&self) -> Totals {
        self.sfu.totals()
    }

    /// Waits until a media thread without calls has given back what the last ones took: it does so before each count of its time.
    pub fn wait_rested(&self) {
        let end = Instant::now() + DEADLINE;
        for _ in 0..2 {
            let counted = self.totals().cpu_ns;
            while self.totals().cpu_ns == counted {
                assert!(Instant::now() < end, "the media thread counts its time");
                std::thread::park_timeout(Duration::from_millis(5));
            }
        }
    }

    /// Waits until so many packets have been forwarded since the start.
    pub fn wait_forwarded(&self, count: u64) {
        let end = Instant::now() + Duration::from_secs(60);
        while self.totals().forwarded < count {
            assert!(Instant::now() < end, "{count} packets are forwarded in time: {:?}", self.totals());
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}

/// Media packets that came.
#[derive(Default)]
struct Counts {
    all: AtomicU64,
    voices: AtomicU64,
}

/// Takes everything out of sockets and counts it, on the clients' core.
pub struct Drain {
    stop: Arc<AtomicBool>,
    counts: Arc<Counts>,
    thread: JoinHandle<u64>,
}

impl Drain {
    /// Begins.
    pub fn start(sockets: Vec<UdpSocket>) -> Self {
        let (stop, counts) = (Arc::new(AtomicBool::new(false)), Arc::new(Counts::default()));
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&counts));
        let thread = std::thread::spawn(move || {
            cpu::keep_to(1);
            drain(&sockets, &stopped, &counted);
            cpu::of_this_thread()
        });
        Self { stop, counts, thread }
    }

    /// Media packets so far.
    pub fn count(&self) -> u64 {
        self.counts.all.load(Ordering::Relaxed)
    }

    /// Those of voices among them.
    pub fn voices(&self) -> u64 {
        self.counts.voices.load(Ordering::Relaxed)
    }

    /// Ends; returns the nanoseconds of processor time that it took.
    pub fn stop(self) -> f64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("drained") as f64
    }
}

const DATAGRAMS: usize = 32;
const BYTES: usize = 1_600;

fn drain(sockets: &[UdpSocket], stop: &AtomicBool, counts: &Counts) {
    let epoll = Epoll::new(EpollCreateFlags::empty()).expect("a descriptor");
    for (at, socket) in sockets.iter().enumerate() {
        socket.set_nonblocking(true).expect("nonblocking");
        epoll.add(socket.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, at as u64)).expect("watched");
    }
    let mut bytes = vec![0; DATAGRAMS * BYTES];
    let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(DATAGRAMS, None);
    let mut ready = [EpollEvent::empty(); 64];
    while !stop.load(Ordering::Relaxed) {
        let found = epoll.wait(&mut ready, EpollTimeout::from(10_u8)).unwrap_or(0);
        for event in &ready[..found] {
            let socket = &sockets[event.data() as usize];
            let mut chunks = bytes.chunks_exact_mut(BYTES);
            let mut slices: [[std::io::IoSliceMut<'_>; 1]; DATAGRAMS] =
                std::array::from_fn(|_| [std::io::IoSliceMut::new(chunks.next().unwrap_or_default())]);
            let got = recvmmsg(socket.as_raw_fd(), &mut headers, slices.iter_mut(), MsgFlags::MSG_DONTWAIT, None);
            let got = got.map_or(0, |got| got.count());
            let is_media = |datagram: &&[u8]| (128..=191).contains(&datagram[0]) && !(192..=223).contains(&datagram[1]);
            let media = || bytes.chunks_exact(BYTES).take(got).filter(is_media);
            counts.all.fetch_add(media().count() as u64, Ordering::Relaxed);
            let voices = media().filter(|datagram| datagram[1] & 0x7f == OPUS).count();
            counts.voices.fetch_add(voices as u64, Ordering::Relaxed);
        }
    }
}
