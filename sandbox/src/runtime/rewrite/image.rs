//! Modules that are nothing but a memory.

use wasm_encoder::{
    ConstExpr, DataSection, ExportKind, ExportSection, MemorySection, Module, RawSection, SectionId,
};

use super::{MEMORY, n};

/// A module whose memory has `n_pages` pages and starts with the contents of a data section.
pub(super) fn initial(n_pages: u64, data: &[u8]) -> Vec<u8> {
    let mut module = empty_image(n_pages);
    if !data.is_empty() {
        module.section(&RawSection { id: SectionId::Data as u8, data });
    }
    module.finish()
}

/// A module with a memory of `n_pages` pages and no data section yet.
fn empty_image(n_pages: u64) -> Module {
    let mut memories = MemorySection::new();
    memories.memory(wasm_encoder::MemoryType {
        minimum: n_pages,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut exports = ExportSection::new();
    exports.export(MEMORY, ExportKind::Memory, 0);
    let mut module = Module::new();
    module.section(&memories).section(&exports);
    module
}

/// A module whose memory starts as `memory`; blocks of zeros take no space.
pub fn image_of(memory: &[u8]) -> Vec<u8> {
    const BLOCK_BYTES: usize = 4096;
    const PAGE_BYTES: usize = 65536;
    let mut data = DataSection::new();
    let mut blocks = memory.chunks(BLOCK_BYTES).enumerate().peekable();
    while let Some((start, block)) = blocks.next() {
        if is_zero(block) {
            continue;
        }
        let mut end = start + 1;
        while blocks.next_if(|(_, block)| !is_zero(block)).is_some() {
            end += 1;
        }
        let offset = ConstExpr::i32_const(n(start * BLOCK_BYTES).cast_signed());
        let bytes = &memory[start * BLOCK_BYTES..memory.len().min(end * BLOCK_BYTES)];
        data.active(0, &offset, bytes.iter().copied());
    }
    let mut module = empty_image((memory.len() / PAGE_BYTES) as u64);
    module.section(&data);
    module.finish()
}

fn is_zero(block: &[u8]) -> bool {
    block.iter().all(|byte| *byte == 0)
}
