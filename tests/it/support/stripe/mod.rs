//! A double of Stripe: its own server on loopback, with idempotency, refusal of what it does not know, and failures to order.

mod deliver;
mod http;
mod lists;
mod params;
mod pricing;
mod shapes;
mod story;
mod world;

use std::net::SocketAddr;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use http::{Held, Reply, Request};
use params::Params;
use world::{Answered, Refused};

pub use deliver::{Delivered, sign};
pub use world::World;

/// The only key that it takes.
pub const KEY: &str = "sk_test_double0000000001";
/// What its endpoint signs with.
pub const SECRET: &str = "whsec_double";

/// A request that came, with what matters to tests.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Method and path.
    pub what: String,
    /// Its parameters.
    pub params: Params,
    /// The idempotency key.
    pub key: Option<String>,
    /// The version of the API.
    pub version: Option<String>,
    /// Was it done, and not only answered again or refused?
    pub had_effect: bool,
}

/// How a request is to fail.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Refused with this status, in their form, and nothing is done.
    Status(u16),
    /// A page of a proxy with this status; nothing is done.
    Html(u16),
    /// The connection ends; nothing is done.
    Hangup,
    /// Nothing comes back; nothing is done.
    Silence,
    /// It is done, and the connection ends.
    DoneHangup,
    /// It is done, and half of the answer comes back.
    DoneCut,
    /// It is done, and a page of a proxy comes back.
    DoneHtml,
    /// It is answered as things stand now, but not before it is let go.
    Hold(Arc<Held>),
}

/// A request that is caught on its way: whoever waits hears of it, and its sender never does.
#[derive(Debug)]
struct Trap {
    /// Requests that pass before.
    skip: usize,
    /// Is it done before it is caught?
    is_done: bool,
    held: Arc<Held>,
}

#[derive(Debug)]
struct State {
    world: World,
    trap: Option<Trap>,
    log: Vec<Asked>,
    /// Beginnings of method and path with what is to happen to the next request that fits.
    faults: Vec<(String, Fault)>,
}

/// The double.
pub struct Stripe {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Drop for Stripe {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stripe {
    /// Starts it; its time is that of `clock`, in milliseconds.
    pub async fn start(clock: Arc<AtomicI64>) -> Self {
        let state = Arc::new(Mutex::new(State { world: World::new(clock), trap: None, log: Vec::new(), faults: Vec::new() }));
        let shared = Arc::clone(&state);
        let (address, task) = http::serve(Arc::new(move |request| lock(&shared).answer(&request))).await;
        Self { address, state, task }
    }

    /// The address of its API.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Looks at what it knows, or lets something happen there.
    pub fn with<T>(&self, f: impl FnOnce(&mut World) -> T) -> T {
        f(&mut lock(&self.state).world)
    }

    /// The next request whose method and path begin like this fails so.
    pub fn fail(&self, start: &str, fault: Fault) {
        lock(&self.state).faults.push((start.to_owned(), fault));
    }

    /// The answer to the next request whose method and path begin like this waits until it is let go.
    pub fn hold(&self, start: &str) -> Arc<Held> {
        let held = Arc::new(Held::default());
        self.fail(start, Fault::Hold(Arc::clone(&held)));
        held
    }

    /// Of the next requests, one is caught after `skip` of them, when it is done or before; nothing is answered then.
    #[allow(dead_code, reason = "only the long proof kills programs")]
    pub fn catch(&self, skip: usize, is_done: bool) -> Arc<Held> {
        let held = Arc::new(Held::default());
        lock(&self.state).trap = Some(Trap { skip, is_done, held: Arc::clone(&held) });
        held
    }

    /// Nothing is caught any more.
    #[allow(dead_code, reason = "only the long proof kills programs")]
    pub fn release(&self) {
        lock(&self.state).trap = None;
    }

    /// Everything that was asked, in order.
    pub fn log(&self) -> Vec<Asked> {
        lock(&self.state).log.clone()
    }

    /// Begins the log anew.
    pub fn forget_log(&self) {
        lock(&self.state).log.clear();
    }

    /// What was asked that begins like this.
    pub fn asked(&self, start: &str) -> Vec<Asked> {
        self.log().into_iter().filter(|asked| asked.what.starts_with(start)).collect()
    }
}

fn said(status: u16, body: &Value) -> Reply {
    Reply::Text(status, "application/json", body.to_string())
}

fn page(status: u16) -> Reply {
    Reply::Text(status, "text/html", "<html><body>502 Bad Gateway</body></html>".to_owned())
}

impl State {
    fn answer(&mut self, request: &Request) -> Reply {
        let text = if request.method == "GET" { &request.query } else { &request.body };
        let (params, what) = (params::read(text), format!("{} {}", request.method, request.path));
        let key = request.header("idempotency-key").map(str::to_owned);
        let version = request.header("stripe-version").map(str::to_owned);
        self.log.push(Asked { what: what.clone(), params: params.clone(), key: key.clone(), version, had_effect: false });
        let fault = self.faults.iter().position(|(start, _)| what.starts_with(start)).map(|at| self.faults.remove(at).1);
        match fault {
            Some(Fault::Status(status)) => return said(status, &shapes::error("api_error", None, "injected")),
            Some(Fault::Html(status)) => return page(status),
            Some(Fault::Hangup) => return Reply::Hangup,
            Some(Fault::Silence) => return Reply::Silence,
            _ => {}
        }
        let caught = self.caught();
        if let Some(trap) = caught.as_ref().filter(|trap| !trap.is_done) {
            return Reply::Caught(Arc::clone(&trap.held));
        }
        if request.header("authorization") != Some(&format!("Bearer {KEY}")) {
            return said(401, &shapes::error("invalid_request_error", None, "Invalid API Key provided"));
        }
        let done = self.perform(request, &what, &params, key);
        if let Some(trap) = caught {
            return Reply::Caught(trap.held);
        }
        match (done, fault) {
            (Ok(_), Some(Fault::DoneHangup)) => Reply::Hangup,
            (Ok(_), Some(Fault::DoneHtml)) => page(200),
            (Ok(body), Some(Fault::Hold(held))) => Reply::Held(held, body.to_string()),
            (Ok(body), Some(Fault::DoneCut)) => Reply::Cut(body.to_string()),
            (Ok(body), _) => said(200, &body),
            (Err((status, kind, code, message)), _) => said(status, &shapes::error(kind, code, &message)),
        }
    }

    /// The trap, when this request is the one that it waits for.
    fn caught(&mut self) -> Option<Trap> {
        let trap = self.trap.as_mut()?;
        if trap.skip > 0 {
            trap.skip -= 1;
            return None;
        }
        self.trap.take()
    }

    /// Does it, unless it was done under its key before.
    fn perform(&mut self, request: &Request, what: &str, params: &Params, key: Option<String>) -> Result<Value, Refused> {
        let key = key.filter(|_| request.method != "GET");
        let of = json!([what, params]).to_string();
        if let Some(before) = key.as_ref().and_then(|key| self.world.answers.get(key)) {
            let message = "Keys for idempotent requests can only be used with the same parameters they were first used with.";
            return if before.of == of { Ok(before.body.clone()) } else { Err((400, "idempotency_error", None, message.to_owned())) };
        }
        let body = self.world.answer(&request.method, &request.path, params)?;
        if let Some(key) = key {
            self.world.answers.insert(key, Answered { of, body: body.clone() });
        }
        if let Some(asked) = self.log.last_mut() {
            asked.had_effect = request.method != "GET";
        }
        Ok(body)
    }
}
