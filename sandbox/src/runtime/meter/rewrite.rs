//! From a module to the same module with metering.

use wasm_encoder::reencode::{Error as ReencodeError, Reencode};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, EntityType, ExportKind, ExportSection,
    Function, GlobalSection, GlobalType, ImportSection, Instruction, MemorySection, Module,
    ValType,
};
use wasmparser::{BinaryReaderError, FunctionBody, Operator};

use super::body::Meter;
use super::shape::Shape;
use super::{FUEL, HOST_MODULE, MEMORY};

/// C has none, so no interpreter needs them.
#[derive(Debug, thiserror::Error)]
#[error("a function has several results")]
pub(super) struct SeveralResults;

/// Rewrites one section after the other.
pub(super) struct Rewriter<'s> {
    shape: &'s Shape,
    meter: Meter,
    n_bodies: usize,
}

impl<'s> Rewriter<'s> {
    pub(super) fn new(shape: &'s Shape) -> Self {
        Self { shape, meter: Meter(shape.n_globals), n_bodies: 0 }
    }

    /// Whether an instruction is counted as a call.
    fn is_counted_call(&self, operator: &Operator<'_>) -> bool {
        match operator {
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                let callee = self.shape.body_of(*function_index);
                callee.is_some_and(|callee| self.shape.closing.contains(&(self.n_bodies, callee)))
            }
            Operator::CallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. } => true,
            _ => false,
        }
    }

    /// A function that counts in `owed`. All its ends but tail calls lead to the end of a block
    /// around it, where it settles.
    fn counting_function(
        &mut self,
        (mut rewritten, owed, bulk): (Function, u32, u32),
        body: &FunctionBody<'_>,
    ) -> Result<Function, ReencodeError<SeveralResults>> {
        rewritten.instruction(&Instruction::Block(self.results()?));
        // Blocks that are open inside that one.
        let mut depth = 0;
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            if self.is_counted_call(&operator) {
                self.meter.count_call(&mut rewritten, Some(owed));
            }
            match operator {
                Operator::MemoryCopy { .. } | Operator::MemoryFill { .. } => {
                    self.meter.charge_bulk(&mut rewritten, bulk);
                }
                Operator::Return => {
                    rewritten.instruction(&Instruction::Br(depth));
                    continue;
                }
                Operator::ReturnCall { .. }
                | Operator::ReturnCallIndirect { .. }
                | Operator::ReturnCallRef { .. } => self.meter.charge(&mut rewritten, Some(owed)),
                Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::TryTable { .. } => depth += 1,
                // The last one ends the block around the body.
                Operator::End => depth = depth.saturating_sub(1),
                _ => {}
            }
            let is_loop = matches!(operator, Operator::Loop { .. });
            rewritten.instruction(&self.instruction(operator)?);
            if is_loop {
                self.meter.count_iteration(&mut rewritten, owed);
            }
        }
        self.meter.charge(&mut rewritten, Some(owed));
        rewritten.instruction(&Instruction::End);
        Ok(rewritten)
    }

    /// A function without loops, which charges for its calls at once.
    fn plain_function(
        &mut self,
        (mut rewritten, bulk): (Function, u32),
        body: &FunctionBody<'_>,
    ) -> Result<Function, ReencodeError<SeveralResults>> {
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            if matches!(operator, Operator::MemoryCopy { .. } | Operator::MemoryFill { .. }) {
                self.meter.charge_bulk(&mut rewritten, bulk);
            }
            if self.is_counted_call(&operator) {
                self.meter.count_call(&mut rewritten, None);
            }
            rewritten.instruction(&self.instruction(operator)?);
        }
        Ok(rewritten)
    }

    /// What a block around the body at hand leaves behind.
    fn results(&mut self) -> Result<BlockType, ReencodeError<SeveralResults>> {
        let ty = &self.shape.types[self.shape.type_of[self.n_bodies] as usize];
        match *ty.results.as_slice() {
            [] => Ok(BlockType::Empty),
            [result] => Ok(BlockType::Result(self.val_type(result)?)),
            _ => Err(ReencodeError::UserError(SeveralResults)),
        }
    }
}

type Rewrite = Result<(), ReencodeError<SeveralResults>>;

impl Reencode for Rewriter<'_> {
    type Error = SeveralResults;

    fn parse_custom_section(
        &mut self,
        _: &mut Module,
        _: wasmparser::CustomSectionReader<'_>,
    ) -> Rewrite {
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Rewrite {
        wasm_encoder::reencode::utils::parse_import_section(self, imports, section)?;
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
        let ty = self.shape.type_of[self.n_bodies] as usize;
        let mut locals = Vec::new();
        let mut n_locals = self.shape.types[ty].n_params;
        for pair in body.get_locals_reader()? {
            let (count, of) = pair?;
            n_locals += count;
            locals.push((count, self.val_type(of)?));
        }
        // What is owed, and the length of a bulk instruction.
        locals.push((2, ValType::I32));
        let (owed, bulk) = (n_locals, n_locals + 1);
        let rewritten = Function::new(locals);
        let rewritten = if has_loop(&body)? {
            self.counting_function((rewritten, owed, bulk), &body)?
        } else {
            self.plain_function((rewritten, bulk), &body)?
        };
        code.function(&rewritten);
        self.n_bodies += 1;
        Ok(())
    }
}

fn has_loop(body: &FunctionBody<'_>) -> Result<bool, BinaryReaderError> {
    for operator in body.get_operators_reader()? {
        if matches!(operator?, Operator::Loop { .. }) {
            return Ok(true);
        }
    }
    Ok(false)
}
