//! Counts work inside the guest's own code, so that a limit means the same on every machine.
//!
//! Each loop iteration and each entry of a function that calls others takes one unit of fuel; bulk
//! memory instructions take one more per 64 bytes. Whatever runs for ever loops or recurses, so
//! everything ends. Counting only there costs a few instructions per loop iteration, against a
//! few per basic block for the engine's own fuel, and like that is a function of the program alone.
//!
//! The same pass moves the memory out of the module: it is imported, so that one compiled module
//! serves every memory image, and its initial contents become a module of their own.

use wasm_encoder::reencode::{Error as ReencodeError, Reencode};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, EntityType, ExportKind, ExportSection,
    GlobalSection, GlobalType, ImportSection, Instruction, MemorySection, Module, TypeSection,
    ValType,
};
use wasmparser::{CompositeInnerType, FunctionBody, Operator, Parser, Payload, TypeRef};

use crate::error::SandboxError;

/// Module name of what the host adds to the imports.
pub const HOST_MODULE: &str = "sandbox";
/// Import called when the fuel in the guest's counter has run out.
pub const REFUEL: &str = "refuel";
/// Import and export name of the memory.
pub const MEMORY: &str = "memory";
/// Export name of the counter.
pub const FUEL: &str = "fuel";
/// Bytes that a bulk memory instruction moves for one unit of fuel, as a power of two.
const BULK_BYTES_LOG2: i32 = 6;

/// A module split in two: code that imports its memory, and the memory it starts with.
pub struct Metered {
    /// The code, metered, without data.
    pub code: Vec<u8>,
    /// A module that exports nothing but the initial memory.
    pub image: Vec<u8>,
}

/// Adds metering to `wasm` and separates its memory.
pub fn meter(wasm: &[u8]) -> Result<Metered, SandboxError> {
    let shape = Shape::read(wasm).map_err(|error| SandboxError::Module(error.to_string()))?;
    let mut module = Module::new();
    Rewriter { shape: &shape, n_bodies: 0 }
        .parse_core_module(&mut module, Parser::new(0), wasm)
        .map_err(|error| SandboxError::Module(error.to_string()))?;
    Ok(Metered { code: module.finish(), image: shape.image(wasm) })
}

/// What must be known of a module before the first function is rewritten.
struct Shape {
    n_types: u32,
    n_imported_functions: u32,
    n_globals: u32,
    /// Number of parameters by type.
    n_params: Vec<u32>,
    /// Type of each defined function.
    types: Vec<u32>,
    memory: wasmparser::MemoryType,
    data: std::ops::Range<usize>,
}

impl Shape {
    fn read(wasm: &[u8]) -> Result<Self, wasmparser::BinaryReaderError> {
        let mut shape = Self {
            n_types: 0,
            n_imported_functions: 0,
            n_globals: 0,
            n_params: Vec::new(),
            types: Vec::new(),
            memory: wasmparser::MemoryType {
                memory64: false,
                shared: false,
                initial: 0,
                maximum: None,
                page_size_log2: None,
            },
            data: 0..0,
        };
        for payload in Parser::new(0).parse_all(wasm) {
            shape.visit(payload?)?;
        }
        Ok(shape)
    }

    fn visit(&mut self, payload: Payload<'_>) -> Result<(), wasmparser::BinaryReaderError> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    for sub in group?.into_types() {
                        self.n_types += 1;
                        self.n_params.push(match sub.composite_type.inner {
                            CompositeInnerType::Func(of) => n(of.params().len()),
                            _ => 0,
                        });
                    }
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    if let TypeRef::Func(_) = import?.ty {
                        self.n_imported_functions += 1;
                    }
                }
            }
            Payload::FunctionSection(section) => {
                self.types = section.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.memory = memory?;
                }
            }
            Payload::GlobalSection(section) => self.n_globals = section.count(),
            Payload::DataSection(section) => self.data = section.range(),
            _ => {}
        }
        Ok(())
    }

    fn image(&self, wasm: &[u8]) -> Vec<u8> {
        let mut module = empty_image(self.memory.initial);
        module.section(&wasm_encoder::RawSection {
            id: wasm_encoder::SectionId::Data as u8,
            data: &wasm[self.data.clone()],
        });
        module.finish()
    }
}

fn n(count: usize) -> u32 {
    u32::try_from(count).expect("a module's indices fit 32 bits")
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

struct Rewriter<'s> {
    shape: &'s Shape,
    n_bodies: usize,
}

impl Rewriter<'_> {
    /// Takes one unit, and asks the host for more when none is left.
    fn charge(&self, body: &mut wasm_encoder::Function) {
        let fuel = self.shape.n_globals;
        body.instruction(&Instruction::GlobalGet(fuel))
            .instruction(&Instruction::I64Const(1))
            .instruction(&Instruction::I64Sub)
            .instruction(&Instruction::GlobalSet(fuel))
            .instruction(&Instruction::GlobalGet(fuel))
            .instruction(&Instruction::I64Const(0))
            .instruction(&Instruction::I64LtS)
            .instruction(&Instruction::If(BlockType::Empty))
            .instruction(&Instruction::Call(self.shape.n_imported_functions))
            .instruction(&Instruction::End);
    }

    /// Charges for the number of bytes on top of the stack, which stays there.
    fn charge_bulk(&self, body: &mut wasm_encoder::Function, length: u32) {
        let fuel = self.shape.n_globals;
        body.instruction(&Instruction::LocalSet(length))
            .instruction(&Instruction::GlobalGet(fuel))
            .instruction(&Instruction::LocalGet(length))
            .instruction(&Instruction::I32Const(BULK_BYTES_LOG2))
            .instruction(&Instruction::I32ShrU)
            .instruction(&Instruction::I64ExtendI32U)
            .instruction(&Instruction::I64Sub)
            .instruction(&Instruction::GlobalSet(fuel))
            .instruction(&Instruction::LocalGet(length));
    }
}

/// What of a function's body decides how it is metered.
struct Traits {
    calls: bool,
    is_bulk: bool,
}

impl Traits {
    fn read(body: &FunctionBody<'_>) -> Result<Self, wasmparser::BinaryReaderError> {
        let mut traits = Self { calls: false, is_bulk: false };
        for operator in body.get_operators_reader()? {
            match operator? {
                Operator::Call { .. }
                | Operator::CallIndirect { .. }
                | Operator::CallRef { .. }
                | Operator::ReturnCall { .. }
                | Operator::ReturnCallIndirect { .. }
                | Operator::ReturnCallRef { .. } => traits.calls = true,
                Operator::MemoryCopy { .. } | Operator::MemoryFill { .. } => traits.is_bulk = true,
                _ => {}
            }
        }
        Ok(traits)
    }
}

type Rewrite = Result<(), ReencodeError<std::convert::Infallible>>;

impl Reencode for Rewriter<'_> {
    type Error = std::convert::Infallible;

    /// The refuelling import stands after the module's own, before the functions it defines.
    fn function_index(&mut self, index: u32) -> Result<u32, ReencodeError<Self::Error>> {
        Ok(index + u32::from(index >= self.shape.n_imported_functions))
    }

    fn parse_custom_section(
        &mut self,
        _: &mut Module,
        _: wasmparser::CustomSectionReader<'_>,
    ) -> Rewrite {
        Ok(())
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Rewrite {
        wasm_encoder::reencode::utils::parse_type_section(self, types, section)?;
        types.ty().function([], []);
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Rewrite {
        wasm_encoder::reencode::utils::parse_import_section(self, imports, section)?;
        imports.import(HOST_MODULE, REFUEL, EntityType::Function(self.shape.n_types));
        let memory = EntityType::Memory(self.memory_type(self.shape.memory)?);
        imports.import(HOST_MODULE, MEMORY, memory);
        Ok(())
    }

    fn parse_memory_section(
        &mut self,
        _: &mut MemorySection,
        _: wasmparser::MemorySectionReader<'_>,
    ) -> Rewrite {
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Rewrite {
        wasm_encoder::reencode::utils::parse_global_section(self, globals, section)?;
        let counter = GlobalType { val_type: ValType::I64, mutable: true, shared: false };
        globals.global(counter, &ConstExpr::i64_const(0));
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Rewrite {
        wasm_encoder::reencode::utils::parse_export_section(self, exports, section)?;
        exports.export(FUEL, ExportKind::Global, self.shape.n_globals);
        Ok(())
    }

    fn parse_data_section(
        &mut self,
        _: &mut DataSection,
        _: wasmparser::DataSectionReader<'_>,
    ) -> Rewrite {
        Ok(())
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Rewrite {
        let traits = Traits::read(&body)?;
        let ty = self.shape.types[self.n_bodies] as usize;
        self.n_bodies += 1;
        let mut locals = Vec::new();
        let mut length = self.shape.n_params[ty];
        for pair in body.get_locals_reader()? {
            let (count, of) = pair?;
            length += count;
            locals.push((count, self.val_type(of)?));
        }
        if traits.is_bulk {
            locals.push((1, ValType::I32));
        }
        let mut rewritten = wasm_encoder::Function::new(locals);
        if traits.calls {
            self.charge(&mut rewritten);
        }
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            if matches!(operator, Operator::MemoryCopy { .. } | Operator::MemoryFill { .. }) {
                self.charge_bulk(&mut rewritten, length);
            }
            let is_loop = matches!(operator, Operator::Loop { .. });
            rewritten.instruction(&self.instruction(operator)?);
            if is_loop {
                self.charge(&mut rewritten);
            }
        }
        code.function(&rewritten);
        Ok(())
    }
}
