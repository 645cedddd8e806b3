//! The listener: actix's server over TLS, or put together by its parts over plain TCP, where live connections may be written to past it.

use std::any::Any;
use std::fmt::Debug;
use std::io;
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::time::Duration;

use actix_http::{HttpService, Protocol, Request, Response};
use actix_server::Server;
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::HttpServer;
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Extensions};
use actix_web::error::DispatchError;
use socket2::SockRef;
use tokio::net::TcpStream;

use crate::live::{Descriptor, PlainStream};

/// How long the head of a request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may rest between two requests: longer than proxies keep theirs (nginx 60 s, Caddy 120 s), or one would send a request into a
/// connection that is just being closed.
const KEEP_ALIVE: Duration = Duration::from_secs(130);
/// How long a client that is told to go may take.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Bytes that the kernel may hold of a connection beyond what is on its way to the peer (`TCP_NOTSENT_LOWAT`). What a peer that does not read leaves
/// unsent beyond it stays in the connection's own queue, where it is counted. So much at once reaches whoever reads; the kernel would take four megabytes.
const UNSENT_BYTES: u32 = 1024 * 1024;
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 4_096;

/// The port on which the program listens; what was configured may have been 0.
#[derive(Clone, Copy, Debug)]
pub struct BoundPort(pub u16);

/// Serves `site` with so many workers; once it is told to stop, answers under way may take `shut_down_seconds`.
///
/// # Errors
/// When the listener cannot be used.
pub fn listen<F, I, S, B>(
    site: F,
    listener: TcpListener,
    tls: Option<rustls::ServerConfig>,
    workers: usize,
    shut_down_seconds: u64,
) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    if let Some(tls) = tls {
        let server = HttpServer::new(site)
            .workers(workers)
            .backlog(BACKLOG)
            .shutdown_timeout(shut_down_seconds)
            .disable_signals()
            .tcp_nodelay(true)
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(REQUEST_TIMEOUT)
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .on_connect(note_descriptor);
        return Ok(server.listen_rustls_0_23(listener, tls)?.run());
    }
    let address = listener.local_addr()?;
    let server = Server::build().workers(workers).backlog(BACKLOG).shutdown_timeout(shut_down_seconds).disable_signals();
    let stops = server.graceful_shutdown_signal();
    let server = server.listen("rialto", listener, move || {
        let (stops, site) = (stops.clone(), site().into_factory());
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stops = stops.clone();
                async move { stops.notified().await }
            })
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(REQUEST_TIMEOUT)
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .local_addr(address)
            .on_connect_ext(|stream: &PlainStream, extensions| {
                extensions.insert(Descriptor(stream.descriptor()));
                extensions.insert(stream.line());
            })
            .finish(map_config(site.map_err(|error| error.into().error_response()), |()| AppConfig::default()));
        fn_service(|stream: TcpStream| async {
            // Nothing waits for the receipt of what was sent before, which may take 40 ms.
            let _ = stream.set_nodelay(true);
            bound_unsent(&stream);
            let peer = stream.peer_addr().ok();
            Ok::<_, DispatchError>((PlainStream::new(stream), Protocol::Http1, peer))
        })
        .and_then(http)
    })?;
    Ok(server.run())
}

/// A kernel that knows no such bound keeps its own.
fn bound_unsent(stream: &TcpStream) {
    let _ = SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES);
}

/// Notes the descriptor of a new connection, so that one who does not read can be shut out.
fn note_descriptor(io: &dyn Any, extensions: &mut Extensions) {
    if let Some(tls) = io.downcast_ref::<TlsStream<TcpStream>>() {
        bound_unsent(tls.get_ref().0);
        extensions.insert(Descriptor(tls.get_ref().0.as_raw_fd()));
    }
}
