//! The long proofs of money: all orders of what Stripe tells, and the program killed between any two steps of what members and
//! administrators do, weighed against the double's own books. `bin/prove money` builds what is needed and runs this.

mod books;
mod delivery;
mod elsewhere;
#[path = "../harness.rs"]
mod harness;
mod kills;
#[path = "../../load/mod.rs"]
mod load;
mod market;
mod mutants;
#[path = "../options.rs"]
mod options;
mod orders;
#[expect(dead_code, unused_imports, reason = "the tests ask more of it")]
#[path = "../../it/support/stripe/mod.rs"]
mod stripe;
#[path = "../verdict.rs"]
mod verdict;

use std::process::ExitCode;

use harness::Found;
use options::Options;
use tokio::runtime::Builder;

/// Every proof with what it shows, in the order in which they run: the longest is the last.
const PROOFS: &[(&str, &str)] = &[
    ("delivery", "the whole program hears eight events in many orders, doubled, at once, with cut connections"),
    ("kills", "kill -9 between any two steps of checkout, webhook, renewal, refund, cancel, deletion"),
    ("localstripe", "somebody else's double, as a process of its own: refetch, refund, cancel, signed webhooks"),
    ("mutants", "seeded faults are noticed by the proofs named for them"),
    ("orders", "all 40,320 orders of eight events, of two stories, with answers that overtake each other"),
];

fn main() -> ExitCode {
    harness::main(PROOFS, Builder::new_multi_thread().worker_threads(2).enable_all().build(), prove)
}

async fn prove(options: &Options, proof: &str) -> Found {
    match proof {
        "orders" => orders::all(options, proof),
        "delivery" => delivery::sampled(options, proof, options.count.unwrap_or(400)).await,
        "kills" => kills::kills(options, proof, options.count.unwrap_or(100)).await,
        "localstripe" => elsewhere::localstripe(options, proof).await,
        _ => mutants::killed(options).await,
    }
}
