//! Reading: a backup is read from its first byte to its last and held against its checksums before anything is done with it.

use std::collections::BTreeSet;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use super::model::{CHECKSUMS, Checksums, DATABASE, FOLDERS, FORMAT, LINES, MANIFEST, Manifest, Part};
use super::trouble::Trouble;
use super::write::Hashing;
use crate::storage::knows_schema;

/// Longest manifest, in bytes.
const LONGEST_MANIFEST: u64 = 64 << 10;
/// Longest list of checksums, in bytes: a good million of files.
const LONGEST_CHECKSUMS: u64 = 256 << 20;

/// A backup whose every part is as it was written, and which this program understands.
#[derive(Clone, Debug)]
pub struct Checked {
    pub(super) file: PathBuf,
    pub(super) manifest: Manifest,
    pub(super) parts: Vec<Part>,
}

impl Checked {
    /// Bytes of all parts.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes).sum()
    }

    /// Bytes that it takes while it is put back: of rows a database is made with its indices, which stands in its log as well until it is whole.
    pub(super) fn room(&self) -> u64 {
        let rows: u64 = self.parts.iter().filter(|part| part.name == LINES).map(|part| part.bytes).sum();
        self.bytes() + 4 * rows
    }

    /// Uploaded files.
    #[must_use]
    pub fn files(&self) -> usize {
        self.parts.iter().filter(|part| part.name.starts_with("files/")).count()
    }

    /// Unpacks it below `folder`, which is there and empty; each file is on the disk when this returns.
    pub(super) fn unpack(&self, folder: &Path) -> Result<(), Trouble> {
        for name in FOLDERS {
            make_folder(&folder.join(name))?;
        }
        let again = walk(&self.file, Some(folder))?;
        // Somebody may have written to the file meanwhile.
        if again.parts == self.parts { Ok(()) } else { Err(damaged(&self.file, "what changed just now")) }
    }
}

/// Reads the whole file and changes nothing.
///
/// # Errors
/// What is wrong with it.
pub fn check(file: &Path) -> Result<Checked, Trouble> {
    walk(file, None)
}

fn damaged(file: &Path, part: &str) -> Trouble {
    Trouble::Damaged { path: file.to_owned(), part: part.to_owned() }
}

/// One way through the file. With `into`, what stands in it is written there.
fn walk(file: &Path, into: Option<&Path>) -> Result<Checked, Trouble> {
    let unreadable = |error| Trouble::Unreadable { path: file.to_owned(), error };
    let opened = File::open(file).map_err(unreadable)?;
    if !opened.metadata().map_err(unreadable)?.is_file() {
        return Err(Trouble::Other(file.to_owned()));
    }
    let mut archive = tar::Archive::new(BufReader::with_capacity(1 << 16, opened));
    let mut manifest: Option<Manifest> = None;
    let mut parts: Vec<Part> = Vec::new();
    let mut names = BTreeSet::new();
    for entry in archive.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(|error| flaw(file, &error, parts.last()))?;
        let size = entry.size();
        let name = name_of(file, &entry)?;
        if manifest.is_none() {
            if name != MANIFEST {
                return Err(Trouble::Other(file.to_owned()));
            }
            let (text, part) = read_text(file, &mut entry, MANIFEST, size, LONGEST_MANIFEST)?;
            manifest = Some(understood(file, &text)?);
            parts.push(part);
            continue;
        }
        if name == CHECKSUMS {
            let (text, _) = read_text(file, &mut entry, CHECKSUMS, size, LONGEST_CHECKSUMS)?;
            let manifest = manifest.ok_or_else(|| Trouble::Other(file.to_owned()))?;
            return compare(file, &text, parts).map(|parts| Checked { file: file.to_owned(), manifest, parts });
        }
        if !is_ours(&name) || !entry.header().entry_type().is_file() || !names.insert(name.clone()) {
            return Err(Trouble::Strange { path: file.to_owned(), name });
        }
        parts.push(take(file, &mut entry, name, size, into)?);
    }
    Err(if manifest.is_some() { Trouble::CutShort(file.to_owned()) } else { Trouble::Other(file.to_owned()) })
}

/// What the archive says of itself does not fit: in its headers, or because it ends.
fn flaw(file: &Path, error: &std::io::Error, before: Option<&Part>) -> Trouble {
    let Some(before) = before else { return Trouble::Other(file.to_owned()) };
    let is_end = error.kind() == ErrorKind::UnexpectedEof
        || ["unexpected EOF", "failed to read entire block"].iter().any(|sign| error.to_string().contains(sign));
    if is_end { Trouble::CutShort(file.to_owned()) } else { damaged(file, &format!("what stands behind {}", before.name)) }
}

fn name_of<R: Read>(file: &Path, entry: &tar::Entry<'_, R>) -> Result<String, Trouble> {
    let bytes = entry.path_bytes();
    let strange = || Trouble::Strange { path: file.to_owned(), name: String::from_utf8_lossy(&bytes).into_owned() };
    std::str::from_utf8(&bytes).map(str::to_owned).map_err(|_| strange())
}

/// Does a database stand in this part?
fn is_database(name: &str) -> bool {
    name == DATABASE || name == LINES
}

/// The database, or a file plainly below one of the folders: no way leads out of them.
fn is_ours(name: &str) -> bool {
    let path = Path::new(name);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)))
        && !name.ends_with('/')
        && !name.contains("//")
        && !name.contains("/./");
    let first = path.components().next().map(|part| part.as_os_str().to_owned());
    is_database(name) || plain && path.components().count() > 1 && FOLDERS.iter().any(|folder| first.as_deref() == Some(folder.as_ref()))
}

fn read_text(file: &Path, from: &mut impl Read, name: &str, size: u64, longest: u64) -> Result<(Vec<u8>, Part), Trouble> {
    if size > longest {
        return Err(damaged(file, name));
    }
    let (mut text, mut from) = (Vec::new(), Hashing::new(from));
    from.read_to_end(&mut text).map_err(|_| Trouble::CutShort(file.to_owned()))?;
    let (bytes, sha256) = from.end();
    if bytes < size { Err(Trouble::CutShort(file.to_owned())) } else { Ok((text, Part { name: name.to_owned(), bytes, sha256 })) }
}

/// The manifest, if this program can do something with what it announces.
fn understood(file: &Path, text: &[u8]) -> Result<Manifest, Trouble> {
    let manifest: Manifest = serde_json::from_slice(text).map_err(|_| damaged(file, MANIFEST))?;
    if manifest.format != FORMAT {
        return Err(Trouble::Format { format: manifest.format, version: manifest.version, ours: FORMAT });
    }
    let known = manifest.schema.as_deref().map_or(Ok(true), knows_schema).map_err(|error| Trouble::of_database(file, &error))?;
    if known { Ok(manifest) } else { Err(Trouble::Newer(manifest.version)) }
}

/// Reads one part, and writes it if it is wanted.
fn take(file: &Path, from: &mut impl Read, name: String, size: u64, into: Option<&Path>) -> Result<Part, Trouble> {
    let mut from = Hashing::new(from);
    let mut buffer = vec![0; 1 << 16];
    let mut to = match into {
        Some(folder) => Some(create(&folder.join(&name))?),
        None => None,
    };
    loop {
        let count = from.read(&mut buffer).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => Trouble::CutShort(file.to_owned()),
            _ => Trouble::Unreadable { path: file.to_owned(), error },
        })?;
        if count == 0 {
            break;
        }
        if let Some((path, to)) = &mut to {
            to.write_all(&buffer[..count]).map_err(|error| Trouble::unwritable(path, &error))?;
        }
    }
    if let Some((path, to)) = &mut to {
        to.sync_all().map_err(|error| Trouble::unwritable(path, &error))?;
    }
    let (bytes, sha256) = from.end();
    if bytes < size { Err(Trouble::CutShort(file.to_owned())) } else { Ok(Part { name, bytes, sha256 }) }
}

fn create(path: &Path) -> Result<(PathBuf, File), Trouble> {
    if let Some(parent) = path.parent() {
        make_folder(parent)?;
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| Trouble::unwritable(path, &error))?;
    Ok((path.to_owned(), file))
}

pub(super) fn make_folder(path: &Path) -> Result<(), Trouble> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| Trouble::unwritable(path, &error))
}

/// Every part as it was written, in its order, and no other.
fn compare(file: &Path, text: &[u8], parts: Vec<Part>) -> Result<Vec<Part>, Trouble> {
    let written: Checksums = serde_json::from_slice(text).map_err(|_| damaged(file, CHECKSUMS))?;
    if let Some((found, _)) = parts.iter().zip(&written.parts).find(|(found, written)| found != written) {
        return Err(damaged(file, &found.name));
    }
    let databases = parts.iter().filter(|part| is_database(&part.name)).count();
    if parts.len() == written.parts.len() && databases == 1 { Ok(parts) } else { Err(damaged(file, CHECKSUMS)) }
}
