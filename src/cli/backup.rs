//! `rialto backup`: everything lasting in one file, a tar that unpacks into a data folder; also while the server runs.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};
use tar::{Builder, Header};

use super::data_folder::DataFolder;
use super::offline::{connect, exists, look, sentence};
use crate::clock::{Clock, Millis};
use crate::storage::{Target, backup_sqlite, fact};

/// Version of the layout of the file.
const FORMAT: u32 = 1;
/// What of the data folder is in the file beside the database.
const FOLDERS: [&str; 4] = ["keys", "lan", "acme", "files"];

/// What stands first in the file, as `manifest.json`.
#[derive(Serialize)]
struct Manifest {
    format: u32,
    /// Of the program that wrote it.
    version: &'static str,
    /// Lineage of the database; none before the first start.
    epoch: Option<String>,
    /// RFC 3339, UTC.
    created_at: String,
    /// Of `rialto.db`, in hexadecimal.
    sha256: String,
}

/// A file that goes when this does, unless it was put in its place.
struct Passing(PathBuf);

impl Drop for Passing {
    fn drop(&mut self) {
        // Gone already when all went well.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Writes the backup. `file` appears only when it is whole and on the disk.
///
/// # Errors
/// One sentence; `file` is then not there.
pub fn run(folder: &DataFolder, target: &Target, file: &Path, clock: &Clock) -> Result<(), String> {
    if !target.is_sqlite() {
        return Err("The database is PostgreSQL's: save it with `pg_dump -Fc`, and the data folder beside it.".to_owned());
    }
    if !exists(target) {
        return Err(format!("There is nothing to save: {} holds no database yet.", folder.root().display()));
    }
    if file.symlink_metadata().is_ok() {
        return Err(format!("{} is there already; choose another name.", file.display()));
    }
    let place = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let unique = format!("{}-{}", std::process::id(), clock.now());
    let copy = Passing(folder.backups().join(format!("passing-{unique}.db")));
    let epoch = copy_database(target, &copy.0)?;
    let partial = Passing(place.join(format!(".rialto-backup-{unique}")));
    let cannot = |error: std::io::Error| format!("{} cannot be written ({error}); look at the rights and at the disk.", file.display());
    write(folder, &copy.0, &partial.0, epoch, clock.now()).map_err(cannot)?;
    put_in_place(&partial.0, file).map_err(cannot)?;
    File::open(&place).and_then(|place| place.sync_all()).map_err(cannot)
}

fn copy_database(target: &Target, copy: &Path) -> Result<Option<String>, String> {
    let mut conn = connect(target)?;
    look(&mut conn)?;
    let epoch = fact(&mut conn, "epoch").map_err(|error| sentence(&error))?;
    backup_sqlite(&mut conn, copy)
        .map_err(|error| format!("The database cannot be copied to {} ({error}); look at the disk.", copy.display()))?;
    Ok(epoch)
}

fn write(folder: &DataFolder, copy: &Path, to: &Path, epoch: Option<String>, now: Millis) -> std::io::Result<()> {
    let created_at = jiff::Timestamp::from_millisecond(now).map_err(std::io::Error::other)?.to_string();
    let manifest = Manifest { format: FORMAT, version: env!("CARGO_PKG_VERSION"), epoch, created_at, sha256: sha256_of(copy)? };
    let manifest = serde_json::to_vec_pretty(&manifest).map_err(std::io::Error::other)?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    let mut tar = Builder::new(file);
    let seconds = u64::try_from(now / 1_000).unwrap_or(0);
    tar.append_data(&mut header(manifest.len() as u64, seconds), "manifest.json", manifest.as_slice())?;
    append(&mut tar, copy, Path::new("rialto.db"), seconds)?;
    for name in FOLDERS {
        append_folder(&mut tar, &folder.root().join(name), Path::new(name), seconds)?;
    }
    let mut file = tar.into_inner()?;
    file.flush()?;
    file.sync_all()
}

/// Keys are among it: nobody but the owner may read what is unpacked.
fn header(size: u64, seconds: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o600);
    header.set_mtime(seconds);
    header
}

fn append<W: Write>(tar: &mut Builder<W>, from: &Path, name: &Path, seconds: u64) -> std::io::Result<()> {
    let file = File::open(from)?;
    let size = file.metadata()?.len();
    // A file that grows meanwhile is cut where it ended when it was opened.
    tar.append_data(&mut header(size, seconds), name, file.take(size))
}

fn append_folder<W: Write>(tar: &mut Builder<W>, from: &Path, name: &Path, seconds: u64) -> std::io::Result<()> {
    let mut entries = std::fs::read_dir(from)?.collect::<std::io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), name.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            append_folder(tar, &path, &name, seconds)?;
        } else if kind.is_file() {
            append(tar, &path, &name, seconds)?;
        }
    }
    Ok(())
}

fn sha256_of(path: &Path) -> std::io::Result<String> {
    use std::fmt::Write as _;
    let (mut file, mut hash, mut part) = (File::open(path)?, Sha256::new(), vec![0; 1 << 16]);
    loop {
        let count = file.read(&mut part)?;
        if count == 0 {
            break;
        }
        hash.update(&part[..count]);
    }
    Ok(hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// A link never replaces what is there; some file systems have none, and there the name was looked at before.
fn put_in_place(partial: &Path, file: &Path) -> std::io::Result<()> {
    match std::fs::hard_link(partial, file) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(error),
        Err(_) => std::fs::rename(partial, file),
    }
}
