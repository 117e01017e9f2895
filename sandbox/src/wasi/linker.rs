//! Defines the imports of the interpreter.

use wasmtime::{Caller, Linker, Result};

use super::memory::GuestMemory;
use super::world::World;
use super::{calls, errno};
use crate::guest::{Guest, Stop};

const WASI: &str = "wasi_snapshot_preview1";
/// Sleeping takes fuel like working does: one unit per nanosecond.
const NS_PER_UNIT: u64 = 1;

/// A guest's world and memory, for one call.
fn with(
    caller: &mut Caller<'_, Guest>,
    call: impl FnOnce(&mut World, &mut GuestMemory<'_>) -> calls::Answer,
) -> i32 {
    let memory = caller.data().memory();
    let (bytes, guest) = memory.data_and_store_mut(caller);
    call(&mut guest.world, &mut GuestMemory(bytes)).err().unwrap_or(errno::SUCCESS)
}

/// Gives the interpreter its system interface.
pub fn link(linker: &mut Linker<Guest>) -> Result<()> {
    read_calls(linker)?;
    path_calls(linker)?;
    world_calls(linker)?;
    refused_calls(linker)
}

type On<'a> = Caller<'a, Guest>;

fn read_calls(linker: &mut Linker<Guest>) -> Result<()> {
    linker
        .func_wrap(WASI, "fd_read", |mut on: On<'_>, fd: u32, list: u32, n: u32, out: u32| {
            with(&mut on, |world, memory| calls::fd_read(world, memory, fd, (list, n), out))
        })?
        .func_wrap(
            WASI,
            "fd_pread",
            |mut on: On<'_>, fd: u32, list: u32, n: u32, at: u64, out: u32| {
                with(&mut on, |world, memory| {
                    calls::fd_pread(world, memory, fd, (list, n), (at, out))
                })
            },
        )?
        .func_wrap(
            WASI,
            "fd_write",
            |mut on: On<'_>, fd: u32, list: u32, n: u32, out: u32| -> Result<i32> {
                let answer = with(&mut on, |world, memory| {
                    calls::fd_write(world, memory, fd, (list, n), out)
                });
                on.data_mut().check_output()?;
                Ok(answer)
            },
        )?
        .func_wrap(WASI, "fd_seek", |mut on: On<'_>, fd: u32, by: i64, whence: u32, out: u32| {
            with(&mut on, |world, memory| calls::fd_seek(world, memory, fd, (by, whence), out))
        })?
        .func_wrap(WASI, "fd_tell", |mut on: On<'_>, fd: u32, out: u32| {
            with(&mut on, |world, memory| calls::fd_tell(world, memory, fd, out))
        })?
        .func_wrap(WASI, "fd_close", |mut on: On<'_>, fd: u32| {
            with(&mut on, |world, _| world.close(fd))
        })?
        .func_wrap(WASI, "fd_fdstat_get", |mut on: On<'_>, fd: u32, out: u32| {
            with(&mut on, |world, memory| calls::fd_fdstat_get(world, memory, fd, out))
        })?
        .func_wrap(WASI, "fd_filestat_get", |mut on: On<'_>, fd: u32, out: u32| {
            with(&mut on, |world, memory| calls::fd_filestat_get(world, memory, fd, out))
        })?;
    Ok(())
}

fn path_calls(linker: &mut Linker<Guest>) -> Result<()> {
    linker
        .func_wrap(WASI, "fd_prestat_get", |mut on: On<'_>, fd: u32, out: u32| {
            with(&mut on, |world, memory| calls::fd_prestat_get(world, memory, fd, out))
        })?
        .func_wrap(WASI, "fd_prestat_dir_name", |mut on: On<'_>, fd: u32, at: u32, n: u32| {
            with(&mut on, |world, memory| calls::fd_prestat_dir_name(world, memory, fd, (at, n)))
        })?
        .func_wrap(
            WASI,
            "fd_readdir",
            |mut on: On<'_>, fd: u32, at: u32, n: u32, cookie: u64, out: u32| {
                with(&mut on, |world, memory| {
                    calls::fd_readdir(world, memory, fd, (at, n), (cookie, out))
                })
            },
        )?
        .func_wrap(
            WASI,
            "path_filestat_get",
            |mut on: On<'_>, fd: u32, _flags: u32, path: u32, n: u32, out: u32| {
                with(&mut on, |world, memory| {
                    calls::path_filestat_get(world, memory, fd, (path, n), out)
                })
            },
        )?
        .func_wrap(
            WASI,
            "path_open",
            |mut on: On<'_>,
             fd: u32,
             _lookup: u32,
             path: u32,
             n: u32,
             oflags: u32,
             _rights: u64,
             _inheriting: u64,
             _fdflags: u32,
             out: u32| {
                with(&mut on, |world, memory| {
                    calls::path_open(world, memory, fd, (path, n), (oflags, out))
                })
            },
        )?;
    Ok(())
}

fn world_calls(linker: &mut Linker<Guest>) -> Result<()> {
    linker
        .func_wrap(WASI, "args_get", |_: u32, _: u32| errno::SUCCESS)?
        .func_wrap(WASI, "args_sizes_get", nothing_sized)?
        .func_wrap(WASI, "environ_get", |_: u32, _: u32| errno::SUCCESS)?
        .func_wrap(WASI, "environ_sizes_get", nothing_sized)?
        .func_wrap(WASI, "clock_res_get", |mut on: On<'_>, _id: u32, out: u32| {
            with(&mut on, |_, memory| memory.set_u64(out, 1))
        })?
        .func_wrap(
            WASI,
            "clock_time_get",
            |mut on: On<'_>, _id: u32, _precision: u64, out: u32| {
                with(&mut on, |world, memory| memory.set_u64(out, world.now_ns()))
            },
        )?
        .func_wrap(WASI, "random_get", |mut on: On<'_>, at: u32, n: u32| {
            with(&mut on, |world, memory| calls::random_get(world, memory, (at, n)))
        })?
        .func_wrap(WASI, "sched_yield", || errno::SUCCESS)?
        .func_wrap(WASI, "poll_oneoff", poll)?
        .func_wrap(WASI, "proc_exit", |code: u32| -> Result<()> { Err(Stop::Exit(code).into()) })?;
    Ok(())
}

/// No arguments and no environment variables.
fn nothing_sized(mut on: On<'_>, n_items: u32, n_bytes: u32) -> i32 {
    with(&mut on, |_, memory| {
        memory.set_u32(n_items, 0)?;
        memory.set_u32(n_bytes, 0)
    })
}

fn poll(mut on: On<'_>, from: u32, to: u32, n: u32, out: u32) -> Result<i32> {
    let mut slept_ns = 0;
    let answer = with(&mut on, |world, memory| {
        slept_ns = calls::poll_oneoff(world, memory, (from, to), (n, out))?;
        Ok(())
    });
    Guest::charge(&mut on, slept_ns / NS_PER_UNIT)?;
    Ok(answer)
}

/// What would change files or reach a network, each by its parameters.
fn refused_calls(linker: &mut Linker<Guest>) -> Result<()> {
    linker
        .func_wrap(WASI, "fd_advise", |_: u32, _: u64, _: u64, _: u32| errno::SUCCESS)?
        .func_wrap(WASI, "fd_datasync", |_: u32| errno::ROFS)?
        .func_wrap(WASI, "fd_sync", |_: u32| errno::ROFS)?
        .func_wrap(WASI, "fd_fdstat_set_flags", |_: u32, _: u32| errno::NOTSUP)?
        .func_wrap(WASI, "fd_filestat_set_size", |_: u32, _: u64| errno::ROFS)?
        .func_wrap(WASI, "fd_filestat_set_times", |_: u32, _: u64, _: u64, _: u32| errno::ROFS)?
        .func_wrap(WASI, "fd_pwrite", |_: u32, _: u32, _: u32, _: u64, _: u32| errno::ROFS)?
        .func_wrap(WASI, "path_create_directory", |_: u32, _: u32, _: u32| errno::ROFS)?
        .func_wrap(
            WASI,
            "path_filestat_set_times",
            |_: u32, _: u32, _: u32, _: u32, _: u64, _: u64, _: u32| errno::ROFS,
        )?
        .func_wrap(WASI, "path_link", |_: u32, _: u32, _: u32, _: u32, _: u32, _: u32, _: u32| {
            errno::ROFS
        })?
        .func_wrap(WASI, "path_readlink", |_: u32, _: u32, _: u32, _: u32, _: u32, _: u32| {
            errno::INVAL
        })?
        .func_wrap(WASI, "path_remove_directory", |_: u32, _: u32, _: u32| errno::ROFS)?
        .func_wrap(WASI, "path_rename", |_: u32, _: u32, _: u32, _: u32, _: u32, _: u32| {
            errno::ROFS
        })?
        .func_wrap(WASI, "path_symlink", |_: u32, _: u32, _: u32, _: u32, _: u32| errno::ROFS)?
        .func_wrap(WASI, "path_unlink_file", |_: u32, _: u32, _: u32| errno::ROFS)?
        .func_wrap(WASI, "sock_accept", |_: u32, _: u32, _: u32| errno::NOTSUP)?
        .func_wrap(WASI, "sock_recv", |_: u32, _: u32, _: u32, _: u32, _: u32, _: u32| {
            errno::NOTSUP
        })?
        .func_wrap(WASI, "sock_send", |_: u32, _: u32, _: u32, _: u32, _: u32| errno::NOTSUP)?
        .func_wrap(WASI, "sock_shutdown", |_: u32, _: u32| errno::NOTSUP)?;
    Ok(())
}
