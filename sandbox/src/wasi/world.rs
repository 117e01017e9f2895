//! Everything outside the guest that it can observe: files, clock, randomness, standard streams.

use std::sync::Arc;

use super::errno;
use super::files::{Files, Node};

/// The instant at which every guest's clock starts: 2026-01-01T00:00:00Z, in nanoseconds.
const EPOCH_NS: u64 = 1_767_225_600_000_000_000;
/// How far the clock moves each time it is read, so that measured durations are never zero.
const TICK_NS: u64 = 1_000;
/// Files that may be open at once, which bounds what a guest makes the host remember.
const MAX_OPEN: usize = 256;
/// How much of the end of the standard streams is kept for the reader.
const TAIL_BYTES: usize = 4096;

/// A guest's surroundings. The same for every guest, down to the nanosecond.
#[derive(Debug)]
pub struct World {
    files: Arc<Files>,
    open: Vec<Option<Open>>,
    clock_ns: u64,
    random: u64,
    output: Output,
}

/// What a file descriptor stands for.
#[derive(Debug, Clone)]
pub enum Open {
    /// Reading it fails.
    Stdin,
    /// Counted, and the end kept.
    Output,
    /// A folder, by its absolute path.
    Folder(String),
    /// A file and the position in it.
    File { bytes: Arc<[u8]>, position: u64 },
}

/// What was written to the standard streams.
#[derive(Debug, Default)]
pub struct Output {
    /// All that was written, kept or not.
    pub n_bytes: u64,
    tail: Vec<u8>,
}

impl Output {
    fn write(&mut self, bytes: &[u8]) {
        self.n_bytes += bytes.len() as u64;
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(TAIL_BYTES)..]);
        if self.tail.len() > 2 * TAIL_BYTES {
            self.tail.drain(..self.tail.len() - TAIL_BYTES);
        }
    }

    /// The last few thousand bytes, with replacement characters for what is not UTF-8.
    pub fn tail(&self) -> String {
        let kept = &self.tail[self.tail.len().saturating_sub(TAIL_BYTES)..];
        String::from_utf8_lossy(kept).into_owned()
    }
}

impl World {
    /// A fresh world over `files`. Descriptor 3 is the root folder, opened in advance.
    pub fn new(files: Arc<Files>) -> Self {
        let open = [Open::Stdin, Open::Output, Open::Output, Open::Folder(String::new())];
        Self {
            files,
            open: open.into_iter().map(Some).collect(),
            clock_ns: EPOCH_NS,
            random: 0,
            output: Output::default(),
        }
    }

    pub fn output(&self) -> &Output {
        &self.output
    }

    pub fn write_output(&mut self, bytes: &[u8]) {
        self.output.write(bytes);
    }

    /// The time, which moves only by being read and by sleeping.
    pub fn now_ns(&mut self) -> u64 {
        self.clock_ns = self.clock_ns.saturating_add(TICK_NS);
        self.clock_ns
    }

    pub fn sleep(&mut self, duration_ns: u64) {
        self.clock_ns = self.clock_ns.saturating_add(duration_ns);
    }

    /// The next eight bytes of a fixed sequence: `SplitMix64` (Steele, Lea and Flood 2014) from zero.
    pub fn random(&mut self) -> [u8; 8] {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)).to_le_bytes()
    }

    pub fn open(&mut self, folder: u32, path: &str) -> Result<u32, i32> {
        let opened = match self.find(folder, path)? {
            Node::Folder(path) => Open::Folder(path),
            Node::File(bytes) => Open::File { bytes, position: 0 },
        };
        let free = self.open.iter().position(Option::is_none);
        let fd = free.unwrap_or(self.open.len());
        if fd >= MAX_OPEN {
            return Err(errno::MFILE);
        }
        if fd == self.open.len() {
            self.open.push(None);
        }
        self.open[fd] = Some(opened);
        u32::try_from(fd).map_err(|_| errno::MFILE)
    }

    pub fn find(&self, folder: u32, path: &str) -> Result<Node, i32> {
        match self.get(folder)? {
            Open::Folder(from) => self.files.find(from, path).ok_or(errno::NOENT),
            _ => Err(errno::NOTDIR),
        }
    }

    pub fn names(&self, folder: &str) -> impl Iterator<Item = &str> {
        self.files.names(folder)
    }

    pub fn is_folder(&self, folder: &str, name: &str) -> bool {
        matches!(self.files.find(folder, name), Some(Node::Folder(_)))
    }

    pub fn get(&self, fd: u32) -> Result<&Open, i32> {
        self.open.get(fd as usize).and_then(Option::as_ref).ok_or(errno::BADF)
    }

    pub fn get_mut(&mut self, fd: u32) -> Result<&mut Open, i32> {
        self.open.get_mut(fd as usize).and_then(Option::as_mut).ok_or(errno::BADF)
    }

    pub fn close(&mut self, fd: u32) -> Result<(), i32> {
        let slot = self.open.get_mut(fd as usize).ok_or(errno::BADF)?;
        slot.take().map(drop).ok_or(errno::BADF)
    }
}
