//! The media server: every call's packets in, out to whom they are for, behind a door of plain types.
//!
//! [`Sfu::start`] binds the sockets and starts the media threads; [`Sfu::send`] hands in an [`Input`]; every [`Output`] comes
//! through the sink that it was started with. A call lives on one media thread, which owns all of its state: no lock and no
//! allocation stands between a packet that comes in and those that go out.
//!
//! | stage | modules |
//! |---|---|
//! | door and threads | `door` `start` `worker` `wake` `wheel` |
//! | datagrams | `socket` `lines` `slab` `demux` `packet` |
//! | connection | `connection` `ice` `transactions` `client_hello` `dtls` `srtp` `replay` |
//! | who gets what | `exchange` with its state in `call` `participant` `slot` `arena`; `assignment` `overload` `health` |
//! | pure media | `sdp` `codec` `rewrite` `sent` `rtx` `nack` `history` `keyframes` `layers` `audio` `red` `reports` `twcc` `counter` `time` |

mod arena;
mod assignment;
mod audio;
mod call;
mod client_hello;
mod codec;
mod connection;
mod counter;
mod demux;
mod door;
mod dtls;
mod exchange;
mod health;
mod history;
mod ice;
mod keyframes;
mod layers;
mod lines;
mod nack;
mod overload;
mod packet;
mod participant;
mod paths;
mod red;
mod replay;
mod reports;
mod rewrite;
mod rtx;
mod sdp;
mod sent;
mod slab;
mod slot;
mod socket;
mod srtp;
mod start;
mod time;
mod transactions;
mod twcc;
mod wake;
mod wheel;
mod worker;

pub use door::*;
pub use start::Sfu;
