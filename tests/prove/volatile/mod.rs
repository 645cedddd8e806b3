//! A file system that forgets what was not synced when its power is cut: an [`Image`] behind FUSE. Mounting it needs root and /dev/fuse.

pub mod image;

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{
    BackgroundSession, BsdFileFlags, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, LockOwner,
    MountOption, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs,
    ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use crate::load::figures::Chance;
use crate::load::program::Program;
use image::{About, Image, Lost};

/// Nothing changes behind the kernel's back, so what it knows holds.
const KNOWN: Duration = Duration::from_secs(3_600);
/// Space that it says it has, in blocks of 4 KiB.
const BLOCKS: u64 = 1 << 20;

/// Does it have power?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Power {
    On,
    /// It went a moment ago: whoever asks for something waits, so that nobody who still runs hears an answer.
    Going,
    /// Those who ran have ended.
    Off,
}

struct State {
    image: Image,
    power: Power,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, power: Power) {
        self.state().power = power;
        self.changed.notify_all();
    }

    /// Does something with the image while there is power.
    fn with<T>(&self, act: impl FnOnce(&mut Image) -> Result<T, Errno>) -> Result<T, Errno> {
        let mut state = self.changed.wait_while(self.state(), |state| state.power == Power::Going).unwrap_or_else(PoisonError::into_inner);
        if state.power == Power::Off { Err(Errno::EIO) } else { act(&mut state.image) }
    }
}

/// A mounted disk; unmounted when dropped.
pub struct Disk {
    shared: Arc<Shared>,
    folder: tempfile::TempDir,
    session: Option<BackgroundSession>,
}

impl Disk {
    /// An empty one.
    pub fn mount() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        std::fs::create_dir(folder.path().join("disk")).map_err(|error| error.to_string())?;
        let state = Mutex::new(State { image: Image::new(), power: Power::On });
        let mut disk = Self { shared: Arc::new(Shared { state, changed: Condvar::new() }), folder, session: None };
        disk.attach()?;
        Ok(disk)
    }

    /// Where it is mounted.
    pub fn point(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// A folder beside it, on the machine's own disk.
    pub fn beside(&self) -> &Path {
        self.folder.path()
    }

    fn attach(&mut self) -> Result<(), String> {
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("volatile".to_owned()), MountOption::NoAtime];
        let session = fuser::spawn_mount(Volatile(Arc::clone(&self.shared)), self.point(), &config);
        self.session = Some(session.map_err(|error| format!("FUSE cannot be mounted: {error}"))?);
        Ok(())
    }

    fn detach(&mut self) -> Result<(), String> {
        let Some(session) = self.session.take() else { return Ok(()) };
        match session.umount_and_join() {
            // The kernel may end the conversation of a disk that is gone by this word too.
            Err(error) if error.kind() != ErrorKind::ConnectionAborted => Err(format!("it cannot be unmounted: {error}")),
            _ => Ok(()),
        }
    }

    /// All that was written is safe.
    pub fn sync_all(&self) {
        self.shared.state().image.sync_all();
    }

    /// The power goes, and comes back; who runs on it ends. Without `chance` all that was not synced is gone; with it, some of it reached the
    /// disk, torn and out of order.
    pub fn cut(&mut self, chance: Option<&mut Chance>, program: Option<Program>) -> Result<Lost, String> {
        let lost = {
            let mut state = self.shared.state();
            state.power = Power::Going;
            state.image.cut(chance)
        };
        // It is dead before it hears anything; it can only be buried once the disk answers.
        program.iter().for_each(|program| program.signal("KILL"));
        self.shared.set(Power::Off);
        program.map(Program::kill);
        self.detach()?;
        self.shared.set(Power::On);
        self.attach()?;
        Ok(lost)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.shared.set(Power::Off);
        if self.detach().is_err() {
            let _ = Command::new("umount").arg("-l").arg(self.point()).status();
        }
    }
}

/// The side of the kernel.
struct Volatile(Arc<Shared>);

fn attributes(about: About, req: &Request) -> FileAttr {
    let (kind, nlink) = if about.is_folder { (FileType::Directory, 2) } else { (FileType::RegularFile, 1) };
    FileAttr {
        ino: INodeNo(about.number),
        size: about.size,
        blocks: about.size.div_ceil(512),
        atime: UNIX_EPOCH,
        mtime: UNIX_EPOCH,
        ctime: UNIX_EPOCH,
        crtime: UNIX_EPOCH,
        kind,
        perm: about.mode,
        nlink,
        uid: req.uid(),
        gid: req.gid(),
        rdev: 0,
        blksize: 4_096,
        flags: 0,
    }
}

fn answer(reply: ReplyEmpty, done: Result<(), Errno>) {
    match done {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

fn entry(reply: ReplyEntry, req: &Request, found: Result<About, Errno>) {
    match found {
        Ok(about) => reply.entry(&KNOWN, &attributes(about, req), Generation(0)),
        Err(error) => reply.error(error),
    }
}

fn permissions(mode: u32, umask: u32) -> u16 {
    (mode & !umask & 0o7777) as u16
}

/// Locks are not here: the kernel keeps them by itself.
impl Filesystem for Volatile {
    fn lookup(&self, req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        entry(reply, req, self.0.with(|image| image.find(parent.0, name)));
    }

    fn getattr(&self, req: &Request, ino: INodeNo, _fh: Option<FileHandle>, reply: ReplyAttr) {
        match self.0.with(|image| image.about(ino.0)) {
            Ok(about) => reply.attr(&KNOWN, &attributes(about, req)),
            Err(error) => reply.error(error),
        }
    }

    fn setattr(
        &self,
        req: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _fh: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let changed = self.0.with(|image| {
            if let Some(mode) = mode {
                image.set_mode(ino.0, permissions(mode, 0));
            }
            if let Some(size) = size {
                image.resize(ino.0, size)?;
            }
            image.about(ino.0)
        });
        match changed {
            Ok(about) => reply.attr(&KNOWN, &attributes(about, req)),
            Err(error) => reply.error(error),
        }
    }

    fn mkdir(&self, req: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, reply: ReplyEntry) {
        entry(reply, req, self.0.with(|image| image.make(parent.0, name, true, permissions(mode, umask))));
    }

    fn unlink(&self, _req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer(reply, self.0.with(|image| image.remove(parent.0, name, false)));
    }

    fn rmdir(&self, _req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer(reply, self.0.with(|image| image.remove(parent.0, name, true)));
    }

    fn rename(
        &self,
        _req: &Request,
        parent: INodeNo,
        name: &OsStr,
        newparent: INodeNo,
        newname: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        // Exchanging, or not replacing, is something that nobody asks for here.
        if flags.is_empty() {
            answer(reply, self.0.with(|image| image.rename(parent.0, name, newparent.0, newname)));
        } else {
            reply.error(Errno::EINVAL);
        }
    }

    fn link(&self, req: &Request, ino: INodeNo, newparent: INodeNo, newname: &OsStr, reply: ReplyEntry) {
        entry(reply, req, self.0.with(|image| image.link(ino.0, newparent.0, newname)));
    }

    fn open(&self, _req: &Request, _ino: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::FOPEN_KEEP_CACHE);
    }

    fn create(&self, req: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, _flags: i32, reply: ReplyCreate) {
        match self.0.with(|image| image.make(parent.0, name, false, permissions(mode, umask))) {
            Ok(about) => reply.created(&KNOWN, &attributes(about, req), Generation(0), FileHandle(0), FopenFlags::FOPEN_KEEP_CACHE),
            Err(error) => reply.error(error),
        }
    }

    fn read(
        &self,
        _req: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.0.with(|image| image.read(ino.0, offset, size).map(<[u8]>::to_vec)) {
            Ok(bytes) => reply.data(&bytes),
            Err(error) => reply.error(error),
        }
    }

    fn write(
        &self,
        _req: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        data: &[u8],
        _write_flags: WriteFlags,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.0.with(|image| image.write(ino.0, offset, data)) {
            Ok(()) => reply.written(data.len() as u32),
            Err(error) => reply.error(error),
        }
    }

    fn flush(&self, _req: &Request, _ino: INodeNo, _fh: FileHandle, _lock_owner: LockOwner, reply: ReplyEmpty) {
        // Closing is no sync.
        reply.ok();
    }

    fn fsync(&self, _req: &Request, ino: INodeNo, _fh: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        answer(reply, self.0.with(|image| image.sync(ino.0)));
    }

    fn fsyncdir(&self, _req: &Request, ino: INodeNo, _fh: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        answer(reply, self.0.with(|image| image.sync(ino.0)));
    }

    fn readdir(&self, _req: &Request, ino: INodeNo, _fh: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let listed = match self.0.with(|image| image.list(ino.0)) {
            Ok(listed) => listed,
            Err(error) => return reply.error(error),
        };
        let own = [(".".into(), FileType::Directory, ino.0), ("..".into(), FileType::Directory, image::ROOT)];
        let kind = |about: &About| if about.is_folder { FileType::Directory } else { FileType::RegularFile };
        let rows = own.into_iter().chain(listed.into_iter().map(|(name, about)| (name, kind(&about), about.number)));
        for (place, (name, kind, number)) in rows.enumerate().skip(offset as usize) {
            if reply.add(INodeNo(number), place as u64 + 1, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _req: &Request, _ino: INodeNo, reply: ReplyStatfs) {
        reply.statfs(BLOCKS, BLOCKS, BLOCKS, BLOCKS, BLOCKS, 4_096, 255, 4_096);
    }
}
