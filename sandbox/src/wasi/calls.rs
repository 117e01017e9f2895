//! The calls of WASI preview 1 that this world answers, over memory and world alone.

use super::errno;
use super::files::Node;
use super::memory::GuestMemory;
use super::world::{Open, World};

pub type Answer = Result<(), i32>;

/// `filetype` values of WASI preview 1.
const CHARACTER_DEVICE: u8 = 2;
const DIRECTORY: u8 = 3;
const REGULAR_FILE: u8 = 4;
/// Every right but those that write: the descriptor calls themselves refuse.
const RIGHTS: u64 = u64::MAX;
/// `oflags` of `path_open` that would change the tree: create and truncate.
const OFLAGS_WRITE: u32 = 1 | 8;
/// `oflags` of `path_open` that asks for a folder.
const OFLAGS_DIRECTORY: u32 = 2;

pub fn fd_read(
    world: &mut World,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    iovecs: (u32, u32),
    n_read: u32,
) -> Answer {
    let Open::File { bytes, position } = world.get_mut(fd)? else { return Err(errno::BADF) };
    let n_bytes = read_at(bytes, *position, memory, iovecs)?;
    *position += u64::from(n_bytes);
    memory.set_u32(n_read, n_bytes)
}

pub fn fd_pread(
    world: &World,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    iovecs: (u32, u32),
    (offset, n_read): (u64, u32),
) -> Answer {
    let Open::File { bytes, .. } = world.get(fd)? else { return Err(errno::BADF) };
    let n_bytes = read_at(bytes, offset, memory, iovecs)?;
    memory.set_u32(n_read, n_bytes)
}

fn read_at(
    bytes: &[u8],
    offset: u64,
    memory: &mut GuestMemory<'_>,
    (list, n_iovecs): (u32, u32),
) -> Result<u32, i32> {
    let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
    let mut rest = &bytes[start..];
    let mut n_read = 0;
    for index in 0..n_iovecs {
        let (at, room) = memory.iovec(list, index)?;
        let n_bytes = room.min(u32::try_from(rest.len()).unwrap_or(u32::MAX));
        let (now, later) = rest.split_at(n_bytes as usize);
        memory.set(at, now)?;
        rest = later;
        n_read += n_bytes;
        if rest.is_empty() {
            break;
        }
    }
    Ok(n_read)
}

/// Writes to a standard stream; returns the number of bytes.
pub fn fd_write(
    world: &mut World,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    (list, n_iovecs): (u32, u32),
    n_written: u32,
) -> Answer {
    match world.get(fd)? {
        Open::Output => {}
        Open::File { .. } | Open::Folder(_) => return Err(errno::ROFS),
        Open::Stdin => return Err(errno::BADF),
    }
    let mut n_bytes: u32 = 0;
    for index in 0..n_iovecs {
        let (at, length) = memory.iovec(list, index)?;
        world.write_output(memory.bytes(at, length)?);
        n_bytes = n_bytes.checked_add(length).ok_or(errno::INVAL)?;
    }
    memory.set_u32(n_written, n_bytes)
}

pub fn fd_seek(
    world: &mut World,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    (offset, whence): (i64, u32),
    out: u32,
) -> Answer {
    let Open::File { bytes, position } = world.get_mut(fd)? else { return Err(errno::SPIPE) };
    let base = match whence {
        0 => 0,
        1 => *position,
        2 => bytes.len() as u64,
        _ => return Err(errno::INVAL),
    };
    *position = base.checked_add_signed(offset).ok_or(errno::INVAL)?;
    memory.set_u64(out, *position)
}

pub fn fd_tell(world: &World, memory: &mut GuestMemory<'_>, fd: u32, out: u32) -> Answer {
    let Open::File { position, .. } = world.get(fd)? else { return Err(errno::SPIPE) };
    memory.set_u64(out, *position)
}

fn file_type(open: &Open) -> u8 {
    match open {
        Open::Stdin | Open::Output => CHARACTER_DEVICE,
        Open::Folder(_) => DIRECTORY,
        Open::File { .. } => REGULAR_FILE,
    }
}

pub fn fd_fdstat_get(world: &World, memory: &mut GuestMemory<'_>, fd: u32, out: u32) -> Answer {
    let mut stat = [0; 24];
    stat[0] = file_type(world.get(fd)?);
    stat[8..16].copy_from_slice(&RIGHTS.to_le_bytes());
    stat[16..24].copy_from_slice(&RIGHTS.to_le_bytes());
    memory.set(out, &stat)
}

pub fn fd_filestat_get(world: &World, memory: &mut GuestMemory<'_>, fd: u32, out: u32) -> Answer {
    let open = world.get(fd)?;
    let n_bytes = match open {
        Open::File { bytes, .. } => bytes.len(),
        _ => 0,
    };
    memory.set(out, &filestat(file_type(open), n_bytes))
}

pub fn path_filestat_get(
    world: &World,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    (path, length): (u32, u32),
    out: u32,
) -> Answer {
    let stat = match world.find(fd, memory.text(path, length)?)? {
        Node::Folder(_) => filestat(DIRECTORY, 0),
        Node::File(bytes) => filestat(REGULAR_FILE, bytes.len()),
    };
    memory.set(out, &stat)
}

/// The `filestat` record, with every time zero.
fn filestat(file_type: u8, n_bytes: usize) -> [u8; 64] {
    let mut stat = [0; 64];
    stat[16] = file_type;
    stat[24..32].copy_from_slice(&1_u64.to_le_bytes());
    stat[32..40].copy_from_slice(&(n_bytes as u64).to_le_bytes());
    stat
}

pub fn path_open(
    world: &mut World,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    (path, length): (u32, u32),
    (oflags, out): (u32, u32),
) -> Answer {
    let path = memory.text(path, length)?.to_owned();
    let found = world.find(fd, &path);
    if oflags & OFLAGS_WRITE != 0 {
        return Err(errno::ROFS);
    }
    if oflags & OFLAGS_DIRECTORY != 0 && matches!(found?, Node::File(_)) {
        return Err(errno::NOTDIR);
    }
    let opened = world.open(fd, &path)?;
    memory.set_u32(out, opened)
}

pub fn fd_readdir(
    world: &World,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    (buffer, length): (u32, u32),
    (cookie, out): (u64, u32),
) -> Answer {
    let Open::Folder(folder) = world.get(fd)? else { return Err(errno::NOTDIR) };
    let mut entries = Vec::new();
    for (next, name) in (1_u64..).zip(world.names(folder)).filter(|(next, _)| *next > cookie) {
        let file_type = if world.is_folder(folder, name) { DIRECTORY } else { REGULAR_FILE };
        entries.extend_from_slice(&next.to_le_bytes());
        entries.extend_from_slice(&0_u64.to_le_bytes());
        entries.extend_from_slice(&u32::try_from(name.len()).unwrap_or(0).to_le_bytes());
        entries.extend_from_slice(&[file_type, 0, 0, 0]);
        entries.extend_from_slice(name.as_bytes());
    }
    entries.truncate(length as usize);
    memory.set(buffer, &entries)?;
    memory.set_u32(out, u32::try_from(entries.len()).map_err(|_| errno::INVAL)?)
}

pub fn fd_prestat_get(world: &World, memory: &mut GuestMemory<'_>, fd: u32, out: u32) -> Answer {
    is_root(world, fd)?;
    memory.set_u32(out, 0)?;
    memory.set_u32(out.checked_add(4).ok_or(errno::FAULT)?, 1)
}

pub fn fd_prestat_dir_name(
    world: &World,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    (at, length): (u32, u32),
) -> Answer {
    is_root(world, fd)?;
    if length < 1 {
        return Err(errno::INVAL);
    }
    memory.set(at, b"/")
}

/// The root folder is the one descriptor opened in advance.
fn is_root(world: &World, fd: u32) -> Answer {
    match world.get(fd)? {
        Open::Folder(_) if fd == 3 => Ok(()),
        _ => Err(errno::BADF),
    }
}

pub fn random_get(
    world: &mut World,
    memory: &mut GuestMemory<'_>,
    (at, length): (u32, u32),
) -> Answer {
    for chunk in memory.bytes_mut(at, length)?.chunks_mut(8) {
        let random = world.random();
        chunk.copy_from_slice(&random[..chunk.len()]);
    }
    Ok(())
}

/// The longest of the sleeps asked for, in nanoseconds; every subscription is reported as due.
///
/// A subscription is 48 bytes and an event 32 (`subscription` and `event` of the `witx` file).
pub fn poll_oneoff(
    world: &mut World,
    memory: &mut GuestMemory<'_>,
    (subscriptions, events): (u32, u32),
    (n_subscriptions, out): (u32, u32),
) -> Result<u64, i32> {
    const CLOCK: u8 = 0;
    const ABSOLUTE: u8 = 1;
    let mut sleep_ns = 0;
    for index in 0..n_subscriptions {
        let at = u64::from(subscriptions) + 48 * u64::from(index);
        let at = u32::try_from(at).map_err(|_| errno::FAULT)?;
        let bytes = memory.bytes(at, 48)?;
        let (user_data, tag, flags) = (bytes[..8].to_vec(), bytes[8], bytes[40]);
        if tag == CLOCK {
            let timeout_ns = memory.u64(at + 24)?;
            let now_ns = if flags & ABSOLUTE == 0 { 0 } else { world.now_ns() };
            sleep_ns = sleep_ns.max(timeout_ns.saturating_sub(now_ns));
        }
        let mut event = [0; 32];
        event[..8].copy_from_slice(&user_data);
        event[10] = tag;
        let to = u64::from(events) + 32 * u64::from(index);
        memory.set(u32::try_from(to).map_err(|_| errno::FAULT)?, &event)?;
    }
    world.sleep(sleep_ns);
    memory.set_u32(out, n_subscriptions)?;
    Ok(sleep_ns)
}
