//! `rialto demo`: the village in a folder that is thrown away, on this machine alone.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::data_folder::DataFolder;
use super::offline;
use super::serve::{listen, say, stopped};
use super::village::{self, Door};
use crate::app::App;
use crate::clock::{Clock, Millis};
use crate::config::{Config, Given, Machine};
use crate::http::Recent;
use crate::members::{self, LinkPurpose};
use crate::storage::Target;

/// The doors of the demo work this long.
const DOOR_LIFE: Millis = 86_400_000;

/// A folder that goes when the demo does.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self, String> {
        let name = format!("rialto-demo-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).map_err(|error| format!("{} cannot be made ({error}): remove it, or set TMPDIR", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, "the demo's folder could not be removed");
        }
    }
}

/// Serves the village as it stands at `now`; `recent` keeps the last lines of the log.
///
/// # Errors
/// One sentence when the start fails.
pub async fn run(
    now: Option<Millis>,
    address: Option<SocketAddr>,
    media_port: u16,
    raised_limits: bool,
    recent: Recent,
) -> Result<(), String> {
    let folder = Folder::make()?;
    let data = DataFolder::open(&folder.0, true)?;
    let mut config = Config::from(Given::default(), &Machine::this())?;
    config.data.clone_from(&folder.0);
    config.target = Target::Sqlite(data.database());
    config.media_port = media_port;
    config.raised_limits = raised_limits;
    config.listen = address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
    let (config, listener) = listen(config)?;
    let base = config.address(config.listen.port());
    let clock = now.map_or_else(Clock::system, Clock::from);
    let begin = clock.now();
    // The village stands before anybody could hear it being built.
    let db = offline::open(&config.target, &clock)?;
    let cast = village::build(&db, begin).await.map_err(|error| error.to_string())?;
    drop(db);
    let app = App::build(config, *data.master_key(), clock, true).await.map_err(|error| error.to_string())?.hearing(recent);
    let mut doors = Vec::new();
    for (name, door) in [("owner", Door::Owner), ("paying", Door::Paying), ("free", Door::Free)] {
        let member = cast.behind(door).ok_or_else(|| format!("the village has no {name}"))?.id;
        let token = app
            .ground
            .db
            .write(move |tx| members::make_link(tx, LinkPurpose::SignIn, Some(member), None, DOOR_LIFE))
            .await
            .map_err(|error| error.to_string())?;
        doors.push((name, format!("{base}/demo/{}", token.reveal())));
    }
    let running = app.serve(listener, None).await.map_err(|error| error.to_string())?;
    say(&format!("listening on {base}"));
    say("This is a demo: everything in it is gone when it stops. Each address works once.");
    for (name, door) in doors {
        say(&format!("{name:<7} {door}"));
    }
    let (db, address) = (running.app.ground.db.clone(), running.address);
    let guests = actix_web::rt::spawn(async move {
        if let Err(error) = Box::pin(village::guests::stay(&db, &cast, address)).await {
            tracing::warn!(%error, "nobody is in the village's voice room");
        }
    });
    stopped().await;
    guests.abort();
    running.stop().await;
    drop(data);
    Ok(())
}
