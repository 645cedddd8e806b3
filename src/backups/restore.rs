//! Putting back: unpacked aside, checked, brought up to this program, given a new lineage, and only then put in its place.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::export::export;
use super::import::{check_lines, import, import_and, open_unused};
use super::model::{DATABASE, FOLDERS, LINES, Report};
use super::read::Checked;
use super::room::expect_room;
use super::store;
use super::trouble::Trouble;
use super::write::Passing;
use crate::clock::Clock;
use crate::ids::Ids;
use crate::storage::{Act, Conn, Target, damage, migrate, migration_state, record_alone, renew_epoch, tally};
use crate::{jobs, mail, members};

/// Where it is unpacked, inside the data folder, so that putting it in its place is only a change of names.
const ASIDE: &str = "restoring";
/// Stands in there while names are changed: what is in the data folder then comes from the backup itself.
const PLACING: &str = "placing";

/// Puts a backup into the empty data folder `root`, whose lock the caller holds, and into the empty database `target`, whichever it came from.
///
/// # Errors
/// Why not; the database is then as it was, and the folder too unless names were being changed in it. Ended in the middle, it is done again from
/// the start.
pub fn restore(checked: &Checked, root: &Path, target: &Target, clock: &Clock) -> Result<Report, Trouble> {
    let aside = root.join(ASIDE);
    expect_empty(root, target, aside.join(PLACING).exists())?;
    // What an attempt left that ended in the middle: first what it had placed, while the mark says that it is of a backup.
    if aside.join(PLACING).exists() {
        for folder in FOLDERS.map(|name| root.join(name)).iter().filter(|folder| folder.exists()) {
            std::fs::remove_dir_all(folder).map_err(|error| Trouble::unwritable(folder, &error))?;
        }
        sync(root)?;
    }
    drop(Passing(aside.clone()));
    let passing = make_passing(aside.clone())?;
    let report = prepare(checked, &aside, clock)?;
    let place = || {
        // From here on what is there is needed to go on, should it end.
        passing.stay();
        place(&aside, root)
    };
    match target {
        Target::Sqlite(database) => {
            place()?;
            std::fs::rename(aside.join(DATABASE), database).map_err(|error| Trouble::unwritable(database, &error))?;
            sync(root)?;
        }
        Target::Postgres(_) => {
            let lines = aside.join(LINES);
            let database = aside.join(DATABASE);
            let bytes = database.metadata().map_err(|error| Trouble::unwritable(&database, &error))?.len();
            expect_room(&[(&aside, bytes)])?;
            export(&Target::Sqlite(database.clone()), &lines, clock)?;
            let gone = |path: &Path| std::fs::remove_file(path).map_err(|error| Trouble::unwritable(path, &error));
            gone(&database)?;
            // Once the rows are in, nothing is left of them beside the server.
            import_and(&check_lines(&lines)?, target, || gone(&lines).and_then(|()| place()))?;
        }
    }
    std::fs::remove_dir_all(&aside).map_err(|error| Trouble::unwritable(&aside, &error))?;
    sync(root)?;
    Ok(report)
}

/// The same in a folder that goes again: says whether the backup could be put back, and what is in it. `beside` is where the folder is made.
///
/// # Errors
/// Why it could not.
pub fn rehearse(checked: &Checked, beside: &Path, clock: &Clock) -> Result<Report, Trouble> {
    let folder = make_passing(beside.join(format!("rialto-rehearsal-{}-{}", std::process::id(), clock.now())))?;
    prepare(checked, &folder.0, clock)
}

/// A folder that was not there before: keys go into it, so nobody else may have made it.
fn make_passing(path: PathBuf) -> Result<Passing, Trouble> {
    DirBuilder::new().mode(0o700).create(&path).map_err(|error| Trouble::unwritable(&path, &error))?;
    Ok(Passing(path))
}

/// Unpacks into the empty `folder` and makes of it what can be served.
fn prepare(checked: &Checked, folder: &Path, clock: &Clock) -> Result<Report, Trouble> {
    let begun = clock.now();
    expect_room(&[(folder, checked.room())])?;
    checked.unpack(folder)?;
    let (path, lines) = (folder.join(DATABASE), folder.join(LINES));
    if lines.exists() {
        take_in(&lines, &path)?;
    }
    let refuses = |error| Trouble::of_database(&path, &error);
    let damaged = |error| match Trouble::of_database(&path, &error) {
        Trouble::Refuses(why) => Trouble::Database(why),
        other => other,
    };
    let mut conn = Target::Sqlite(path.clone()).writer().map_err(damaged)?;
    if let Some(found) = damage(&mut conn).map_err(damaged)? {
        return Err(Trouble::Database(found));
    }
    if !migration_state(&mut conn).map_err(damaged)?.unknown.is_empty() {
        return Err(Trouble::Newer(checked.manifest.version.clone()));
    }
    let migrated = migrate(&mut conn).map_err(refuses)?;
    let letters_set_aside = begin_again(checked, &mut conn, clock).map_err(refuses)?;
    let tally = tally(&mut conn).map_err(refuses)?;
    // The last connection writes its log back and takes it away.
    drop(conn);
    File::open(&path).and_then(|file| file.sync_all()).map_err(|error| Trouble::unwritable(&path, &error))?;
    Ok(Report {
        manifest: checked.manifest.clone(),
        bytes: checked.bytes(),
        files: checked.files(),
        migrated,
        tally,
        letters_set_aside,
        took_ms: clock.now() - begun,
    })
}

/// Makes a database of saved rows, and removes them.
fn take_in(lines: &Path, database: &Path) -> Result<(), Trouble> {
    let taken = check_lines(lines).and_then(|checked| import(&checked, &Target::Sqlite(database.to_owned())));
    taken.map_err(|trouble| match trouble {
        // Every checksum of the backup fits: they were saved so.
        Trouble::Other(_) | Trouble::CutShort(_) | Trouble::Damaged { .. } => {
            Trouble::Database("its rows are not as they were read".to_owned())
        }
        Trouble::Refuses(why) => Trouble::Database(why),
        other => other,
    })?;
    std::fs::remove_file(lines).map_err(|error| Trouble::unwritable(lines, &error))
}

/// A new lineage: clients drop what they know. What would happen a second time ends; who is signed in stays so.
fn begin_again(checked: &Checked, conn: &mut Conn, clock: &Clock) -> crate::error::Result<usize> {
    renew_epoch(conn)?;
    members::end_restored_links(conn)?;
    let letters = jobs::settle_restored(conn, mail::SEND)?;
    store::settle_restored(conn)?;
    let manifest = &checked.manifest;
    let act = Act {
        actor: None,
        act: "backups.restore",
        subject_kind: "backup",
        subject: manifest.created_at.clone(),
        before: None,
        after: Some(serde_json::json!({ "version": manifest.version })),
        reason: None,
        address: None,
    };
    record_alone(conn, &Ids::new(clock.clone()), clock.now(), &act)?;
    Ok(letters)
}

/// Nothing is replaced that somebody could miss: no database, no row of one, no key that a server has used, no uploads, no certificates; but for those that
/// come from the same backup, when putting it in its place ended in the middle.
fn expect_empty(root: &Path, target: &Target, is_begun: bool) -> Result<(), Trouble> {
    let database = match target {
        Target::Sqlite(database) => database.clone(),
        Target::Postgres(_) => {
            drop(open_unused(target)?);
            // A community may live in the folder all the same, and its keys with it.
            root.join(DATABASE)
        }
    };
    let files = ["", "-wal", "-shm", "-journal"].map(|end| {
        let mut name = database.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    });
    if let Some(path) = files.into_iter().chain([root.join("serving.json")]).find(|path| path.symlink_metadata().is_ok()) {
        return Err(Trouble::NotEmpty(path));
    }
    for name in FOLDERS.iter().filter(|_| !is_begun) {
        let Ok(entries) = root.join(name).read_dir() else { continue };
        // The key of a folder in which nothing was kept is worth nothing.
        let kept = entries.filter_map(Result::ok).find(|entry| *name != "keys" || entry.file_name() != "master");
        if let Some(entry) = kept {
            return Err(Trouble::NotEmpty(entry.path()));
        }
    }
    Ok(())
}

/// Changes the names. The database comes last: until then the folder counts as empty.
fn place(aside: &Path, root: &Path) -> Result<(), Trouble> {
    let at = |path: &Path, done: std::io::Result<()>| done.map_err(|error| Trouble::unwritable(path, &error));
    let mark = aside.join(PLACING);
    at(&mark, File::create(&mark).and_then(|mark| mark.sync_all()))?;
    sync(aside)?;
    for name in FOLDERS {
        let to = root.join(name);
        if to.exists() {
            at(&to, std::fs::remove_dir_all(&to))?;
        }
        at(&to, std::fs::rename(aside.join(name), &to))?;
        sync(&to)?;
    }
    sync(root)
}

fn sync(folder: &Path) -> Result<(), Trouble> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| Trouble::unwritable(folder, &error))
}
