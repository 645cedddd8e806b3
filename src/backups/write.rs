//! Writing: the database is copied in one piece while the program goes on, then it and the folders go into one file.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tar::{Builder, Header};

use super::export::write_lines;
use super::lines::hexadecimal;
use super::model::{CHECKSUMS, Checksums, DATABASE, FOLDERS, FORMAT, LINES, MANIFEST, Manifest, Part, Written};
use super::room::{LEFT_FREE, bytes_below, expect_room};
use super::trouble::Trouble;
use super::turn::{Turn, stay_behind};
use crate::clock::{Clock, Millis};
use crate::storage::{Conn, Target, backup_sqlite, database_bytes, fact, migration_state};

/// A file or a folder that goes when this does, unless it was put in its place.
pub(super) struct Passing(pub(super) PathBuf);

impl Passing {
    /// It does not go.
    pub(super) fn stay(mut self) {
        self.0.clear();
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        if self.0.as_os_str().is_empty() {
            return;
        }
        // Gone already when all went well.
        let _ = if self.0.is_dir() { std::fs::remove_dir_all(&self.0) } else { std::fs::remove_file(&self.0) };
    }
}

/// Saves the data folder `root` and its database. `file` appears only when it is whole and on the disk; its place is not made when there is
/// no room for it and for what the program writes meanwhile.
///
/// # Errors
/// Why not; `file` is then not there, and nothing else was changed.
pub fn write(root: &Path, target: &Target, file: &Path, clock: &Clock) -> Result<Written, Trouble> {
    expect_database(root, target)?;
    write_in_turn(&Turn::take(root)?, root, target, file, clock)
}

/// Opening it would make a file.
fn expect_database(root: &Path, target: &Target) -> Result<(), Trouble> {
    match target {
        Target::Sqlite(database) if !database.exists() => Err(Trouble::Nothing(root.to_owned())),
        _ => Ok(()),
    }
}

/// As [`write()`], for whoever has the turn.
pub(super) fn write_in_turn(turn: &Turn, root: &Path, target: &Target, file: &Path, clock: &Clock) -> Result<Written, Trouble> {
    stay_behind(turn);
    expect_database(root, target)?;
    if file.symlink_metadata().is_ok() {
        return Err(Trouble::Taken(file.to_owned()));
    }
    let place = place_of(file);
    let mut conn = target.writer()?;
    let manifest = manifest_of(&mut conn, root, clock.now())?;
    let saved = u64::try_from(database_bytes(&mut conn)?).unwrap_or(0);
    let all = FOLDERS.iter().try_fold(saved, |sum, name| bytes_below(&root.join(name)).map(|more| sum + more));
    let all = all.map_err(|error| Trouble::Unreadable { path: root.to_owned(), error })?;
    expect_room(&[(&root.join("backups"), saved), (&place, all), (root, LEFT_FREE)])?;
    let unique = format!("{}-{}", std::process::id(), clock.now());
    let copy = Passing(root.join("backups").join(format!("passing-{unique}")));
    let name = copy_database(&mut conn, &copy.0, clock.now())?;
    drop(conn);
    let partial = Passing(place.join(format!(".rialto-backup-{unique}")));
    let cannot = |error: std::io::Error| Trouble::unwritable(file, &error);
    let bytes = fill(root, (&copy.0, name), &partial.0, &manifest, clock.now()).map_err(cannot)?;
    put_in_place(&partial.0, file).map_err(cannot)?;
    File::open(&place).and_then(|place| place.sync_all()).map_err(cannot)?;
    Ok(Written { bytes })
}

/// The folder in which a file will stand.
pub(super) fn place_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn manifest_of(conn: &mut Conn, root: &Path, now: Millis) -> Result<Manifest, Trouble> {
    let state = migration_state(conn)?;
    if state.is_empty {
        return Err(Trouble::Nothing(root.to_owned()));
    }
    if !state.unknown.is_empty() {
        return Err(Trouble::Refuses("it comes from a newer version of this program; save it with that version".to_owned()));
    }
    let epoch = fact(conn, "epoch")?;
    let created_at = jiff::Timestamp::from_millisecond(now).map_or_else(|_| now.to_string(), |at| at.to_string());
    Ok(Manifest { format: FORMAT, version: env!("CARGO_PKG_VERSION").to_owned(), schema: state.newest, epoch, created_at })
}

/// Copies it in one piece while others write, and says what the copy is called in the backup.
fn copy_database(conn: &mut Conn, to: &Path, now: Millis) -> Result<&'static str, Trouble> {
    if matches!(conn, Conn::Pg(_)) {
        return write_lines(conn, to, now).map(|_| LINES);
    }
    backup_sqlite(conn, to).map(|()| DATABASE).map_err(|error| Trouble::of_database(to, &error))
}

/// The file as it grows, and what stands in it.
struct Filling {
    tar: Builder<File>,
    parts: Vec<Part>,
    /// Of every part, seconds since 1970.
    at: u64,
}

fn fill(root: &Path, (copy, name): (&Path, &str), to: &Path, manifest: &Manifest, now: Millis) -> std::io::Result<u64> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    let mut filling = Filling { tar: Builder::new(file), parts: Vec::new(), at: u64::try_from(now / 1_000).unwrap_or(0) };
    filling.text(MANIFEST, manifest)?;
    filling.file(copy, Path::new(name))?;
    for name in FOLDERS {
        filling.folder(&root.join(name), Path::new(name))?;
    }
    let checksums = Checksums { parts: std::mem::take(&mut filling.parts) };
    filling.text(CHECKSUMS, &checksums)?;
    let mut file = filling.tar.into_inner()?;
    file.flush()?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

impl Filling {
    fn text(&mut self, name: &str, value: &impl serde::Serialize) -> std::io::Result<()> {
        let text = serde_json::to_vec_pretty(value)?;
        self.part(text.as_slice(), text.len() as u64, Path::new(name))
    }

    fn file(&mut self, from: &Path, name: &Path) -> std::io::Result<()> {
        let file = File::open(from)?;
        let bytes = file.metadata()?.len();
        self.part(file, bytes, name)
    }

    /// Links and the like are nothing that the program makes; they stay out. A folder that is not there has nothing in it.
    fn folder(&mut self, from: &Path, name: &Path) -> std::io::Result<()> {
        let entries = match std::fs::read_dir(from) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        let mut entries = entries.collect::<std::io::Result<Vec<_>>>()?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let (path, name) = (entry.path(), name.join(entry.file_name()));
            let kind = entry.file_type()?;
            if kind.is_dir() {
                self.folder(&path, &name)?;
            } else if kind.is_file() {
                self.file(&path, &name)?;
            }
        }
        Ok(())
    }

    /// A file that grows meanwhile is cut where it ended when it was opened.
    fn part(&mut self, from: impl Read, bytes: u64, name: &Path) -> std::io::Result<()> {
        let mut from = Hashing::new(from.take(bytes));
        self.tar.append_data(&mut header(bytes, self.at), name, &mut from)?;
        let (read, sha256) = from.end();
        if read != bytes {
            return Err(std::io::Error::other(format!("{} became shorter meanwhile", name.display())));
        }
        self.parts.push(Part { name: name.to_string_lossy().into_owned(), bytes, sha256 });
        Ok(())
    }
}

/// Keys are among it: nobody but the owner may read what is unpacked.
fn header(size: u64, seconds: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o600);
    header.set_mtime(seconds);
    header
}

/// Reads through, and knows the checksum of what was read.
pub(super) struct Hashing<R> {
    from: R,
    hash: Sha256,
    bytes: u64,
}

impl<R: Read> Hashing<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, hash: Sha256::new(), bytes: 0 }
    }

    /// How many bytes there were, and their SHA-256 in hexadecimal.
    pub(super) fn end(self) -> (u64, String) {
        (self.bytes, hexadecimal(self.hash))
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.hash.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
}

/// A link never replaces what is there; some file systems have none, and there the name was looked at before.
pub(super) fn put_in_place(partial: &Path, file: &Path) -> std::io::Result<()> {
    match std::fs::hard_link(partial, file) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(error),
        Err(_) => std::fs::rename(partial, file),
    }
}
