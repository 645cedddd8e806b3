//! What a disk holds: what programs see, and what would still be there without power. A file's bytes are safe once the file was synced, a name
//! once its folder was; nothing else is, as the weakest file system may have it.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};

use fuser::Errno;

use crate::load::figures::Chance;

/// The root folder.
pub const ROOT: u64 = 1;
/// A disk writes this many bytes at a time, or nothing of them.
const SECTOR: usize = 512;

/// A change of a file's bytes that was not synced.
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Resize(usize),
}

#[derive(Default)]
struct File {
    seen: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Default)]
struct Folder {
    seen: BTreeMap<OsString, u64>,
    durable: BTreeMap<OsString, u64>,
}

enum Kind {
    File(File),
    Folder(Folder),
}

struct Node {
    kind: Kind,
    mode: u16,
}

/// What is known of a file or folder.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Its number.
    pub number: u64,
    /// A folder, or a file?
    pub is_folder: bool,
    /// Bytes.
    pub size: u64,
    /// Permissions.
    pub mode: u16,
}

/// What a cut took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lost {
    /// Changes of bytes that had not been synced, and are gone.
    pub changes: usize,
    /// Those that reached the disk all the same.
    pub kept: usize,
    /// Those that reached it in part.
    pub torn: usize,
}

/// Files and folders, by number.
pub struct Image {
    nodes: HashMap<u64, Node>,
    last: u64,
}

fn put(bytes: &mut Vec<u8>, at: usize, written: &[u8]) {
    let end = at + written.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[at..end].copy_from_slice(written);
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes: written } => put(bytes, *at, written),
            Self::Resize(size) => bytes.resize(*size, 0),
        }
    }

    /// Its first sectors; nothing of what is no write or fits into one sector.
    fn torn(&self, chance: &mut Chance) -> Option<Self> {
        let Self::Write { at, bytes } = self else { return None };
        let whole = bytes.len().div_ceil(SECTOR) as u64;
        (whole > 1).then(|| Self::Write { at: *at, bytes: bytes[..(1 + chance.below(whole - 1)) as usize * SECTOR].to_vec() })
    }
}

impl File {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.seen);
        self.unsynced.push(change);
    }

    fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// Without `chance` nothing that was not synced is left; with it, about half of the changes are, in any combination, and one in part.
    fn cut(&mut self, chance: Option<&mut Chance>, lost: &mut Lost) {
        let mut unsynced = std::mem::take(&mut self.unsynced);
        if let Some(chance) = chance {
            let torn = (!unsynced.is_empty()).then(|| chance.below(unsynced.len() as u64) as usize);
            for (n, change) in unsynced.drain(..).enumerate() {
                if Some(n) == torn {
                    if let Some(part) = change.torn(chance) {
                        lost.torn += 1;
                        part.apply(&mut self.durable);
                    }
                } else if chance.percent(50) {
                    lost.kept += 1;
                    change.apply(&mut self.durable);
                } else {
                    lost.changes += 1;
                }
            }
        }
        lost.changes += unsynced.len();
        self.seen.clone_from(&self.durable);
    }
}

impl Node {
    fn sync(&mut self) {
        match &mut self.kind {
            Kind::File(file) => file.sync(),
            Kind::Folder(folder) => folder.durable.clone_from(&folder.seen),
        }
    }
}

impl Image {
    /// An empty disk.
    pub fn new() -> Self {
        let root = Node { kind: Kind::Folder(Folder::default()), mode: 0o755 };
        Self { nodes: HashMap::from([(ROOT, root)]), last: ROOT }
    }

    fn node(&self, number: u64) -> Result<&Node, Errno> {
        self.nodes.get(&number).ok_or(Errno::ENOENT)
    }

    fn file(&mut self, number: u64) -> Result<&mut File, Errno> {
        match self.nodes.get_mut(&number).map(|node| &mut node.kind) {
            Some(Kind::File(file)) => Ok(file),
            Some(Kind::Folder(_)) => Err(Errno::EISDIR),
            None => Err(Errno::ENOENT),
        }
    }

    fn folder(&mut self, number: u64) -> Result<&mut Folder, Errno> {
        match self.nodes.get_mut(&number).map(|node| &mut node.kind) {
            Some(Kind::Folder(folder)) => Ok(folder),
            Some(Kind::File(_)) => Err(Errno::ENOTDIR),
            None => Err(Errno::ENOENT),
        }
    }

    /// What is known of it.
    pub fn about(&self, number: u64) -> Result<About, Errno> {
        let node = self.node(number)?;
        let (is_folder, size) = match &node.kind {
            Kind::File(file) => (false, file.seen.len() as u64),
            Kind::Folder(_) => (true, 0),
        };
        Ok(About { number, is_folder, size, mode: node.mode })
    }

    /// Under this name in this folder.
    pub fn find(&mut self, folder: u64, name: &OsStr) -> Result<About, Errno> {
        let number = *self.folder(folder)?.seen.get(name).ok_or(Errno::ENOENT)?;
        self.about(number)
    }

    /// Everything in a folder.
    pub fn list(&mut self, folder: u64) -> Result<Vec<(OsString, About)>, Errno> {
        let names: Vec<(OsString, u64)> = self.folder(folder)?.seen.iter().map(|(name, number)| (name.clone(), *number)).collect();
        names.into_iter().map(|(name, number)| Ok((name, self.about(number)?))).collect()
    }

    /// A new file or folder; what is there already is answered as it is.
    pub fn make(&mut self, folder: u64, name: &OsStr, is_folder: bool, mode: u16) -> Result<About, Errno> {
        if let Ok(there) = self.find(folder, name) {
            return if is_folder { Err(Errno::EEXIST) } else { Ok(there) };
        }
        let number = self.last + 1;
        self.folder(folder)?.seen.insert(name.to_owned(), number);
        self.last = number;
        let kind = if is_folder { Kind::Folder(Folder::default()) } else { Kind::File(File::default()) };
        self.nodes.insert(number, Node { kind, mode });
        self.about(number)
    }

    /// Takes a name away. The bytes stay: somebody may have them open, and without power the name is back.
    pub fn remove(&mut self, folder: u64, name: &OsStr, is_folder: bool) -> Result<(), Errno> {
        let about = self.find(folder, name)?;
        if about.is_folder != is_folder {
            return Err(if is_folder { Errno::ENOTDIR } else { Errno::EISDIR });
        }
        if is_folder && !self.folder(about.number)?.seen.is_empty() {
            return Err(Errno::ENOTEMPTY);
        }
        self.folder(folder)?.seen.remove(name);
        Ok(())
    }

    /// Another name, in place of whatever had it.
    pub fn rename(&mut self, folder: u64, name: &OsStr, to: u64, new: &OsStr) -> Result<(), Errno> {
        let number = self.find(folder, name)?.number;
        self.folder(to)?.seen.insert(new.to_owned(), number);
        if (folder, name) != (to, new) {
            self.folder(folder)?.seen.remove(name);
        }
        Ok(())
    }

    /// One more name.
    pub fn link(&mut self, number: u64, folder: u64, name: &OsStr) -> Result<About, Errno> {
        if self.find(folder, name).is_ok() {
            return Err(Errno::EEXIST);
        }
        self.folder(folder)?.seen.insert(name.to_owned(), number);
        self.about(number)
    }

    /// Up to `size` bytes.
    pub fn read(&mut self, number: u64, at: u64, size: u32) -> Result<&[u8], Errno> {
        let seen = &self.file(number)?.seen;
        let from = (at as usize).min(seen.len());
        Ok(&seen[from..(from + size as usize).min(seen.len())])
    }

    /// Bytes that are seen at once, and safe after the next [`Image::sync`].
    pub fn write(&mut self, number: u64, at: u64, bytes: &[u8]) -> Result<(), Errno> {
        self.file(number)?.change(Change::Write { at: at as usize, bytes: bytes.to_vec() });
        Ok(())
    }

    /// Another length.
    pub fn resize(&mut self, number: u64, size: u64) -> Result<(), Errno> {
        self.file(number)?.change(Change::Resize(size as usize));
        Ok(())
    }

    /// Other permissions; they are safe at once.
    pub fn set_mode(&mut self, number: u64, mode: u16) {
        if let Some(node) = self.nodes.get_mut(&number) {
            node.mode = mode;
        }
    }

    /// A file's bytes, or a folder's names, are safe from here on.
    pub fn sync(&mut self, number: u64) -> Result<(), Errno> {
        self.nodes.get_mut(&number).map(Node::sync).ok_or(Errno::ENOENT)
    }

    /// All of it is safe.
    pub fn sync_all(&mut self) {
        self.nodes.values_mut().for_each(Node::sync);
    }

    /// The power goes. Without `chance` everything that was not synced is gone; with it, some of it reached the disk, in any order and torn.
    pub fn cut(&mut self, mut chance: Option<&mut Chance>) -> Lost {
        let mut lost = Lost::default();
        let keeps_names = chance.as_deref_mut().is_some_and(|chance| chance.percent(50));
        let mut all: Vec<(&u64, &mut Node)> = self.nodes.iter_mut().collect();
        // In a fixed order, so that the same chance does the same.
        all.sort_unstable_by_key(|(number, _)| **number);
        for (_, node) in all {
            match &mut node.kind {
                Kind::File(file) => file.cut(chance.as_deref_mut(), &mut lost),
                Kind::Folder(folder) if keeps_names => folder.durable.clone_from(&folder.seen),
                Kind::Folder(folder) => folder.seen.clone_from(&folder.durable),
            }
        }
        lost
    }
}
