//! The media server: every call's packets in, out to whom they are for, behind a door of plain types.
//!
//! [`Sfu::start`] binds the sockets and starts the media threads; [`Sfu::send`] hands in an [`Input`]; every [`Output`] comes
//! through the sink that it was started with. A call lives on one media thread, which owns all of its state: no lock and no
//! allocation stands between a packet that comes in and those that go out.
//!
//! | stage | modules |
//! |---|---|
//! | door and threads | `door` `start` `worker` `wake` `control` |
//! | datagrams | `socket` `slab` `demux` |
//! | connection | `ice` `client_hello` `dtls` `srtp` `replay` `connection` |
//! | routing | `call` `participant` `publication` `slots` `feedback` `records` `statistics` |
//! | pure media | `packet` `sdp` `codec` `rewrite` `nack` `history` `keyframes` `layers` `audio` `red` `reports` `twcc` |

mod client_hello;
mod demux;
mod door;
mod dtls;
mod ice;
mod replay;
mod slab;
mod socket;
mod srtp;
mod wake;
mod wheel;

pub use door::*;
