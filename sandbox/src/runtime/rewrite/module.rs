//! From a module to the same module with metering.

use wasm_encoder::reencode::{Error as ReencodeError, Reencode};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, EntityType, ExportKind, ExportSection,
    Function, GlobalSection, GlobalType, ImportSection, Instruction, MemorySection, Module,
    ValType,
};
use wasmparser::{FunctionBody, Operator};

use super::meter::Meter;
use super::plan::Plan;
use super::shape::Shape;
use super::steps::{self, Step, Steps};
use super::{FUEL, HOST_MODULE, MEMORY, n};

/// C has none, so no interpreter needs them.
#[derive(Debug, thiserror::Error)]
#[error("a function has several results")]
pub(super) struct SeveralResults;

/// Rewrites one section after the other.
pub(super) struct Rewriter<'s, 'a> {
    shape: &'s Shape<'a>,
    plan: &'s Plan,
    meter: Meter,
    n_bodies: usize,
}

impl<'s, 'a> Rewriter<'s, 'a> {
    pub(super) fn new(shape: &'s Shape<'a>, plan: &'s Plan) -> Self {
        Self { shape, plan, meter: Meter(shape.n_globals), n_bodies: 0 }
    }

    /// A function that counts in the local `owed`, if it has one. All its ends but tail calls then lead
    /// to the end of a block around it, where it settles.
    fn function(
        &mut self,
        mut rewritten: Function,
        steps: Vec<Step<'a>>,
        (owed, bulk): (Option<u32>, u32),
    ) -> Result<Function, ReencodeError<SeveralResults>> {
        if owed.is_some() {
            rewritten.instruction(&Instruction::Block(self.results()?));
        }
        // Blocks that are open inside that one.
        let mut depth = 0;
        for Step { operator, is_counted } in steps {
            if is_counted {
                self.meter.count_call(&mut rewritten, owed);
            }
            match operator {
                Operator::MemoryCopy { .. } | Operator::MemoryFill { .. } => {
                    self.meter.charge_bulk(&mut rewritten, bulk);
                }
                Operator::Return if owed.is_some() => {
                    rewritten.instruction(&Instruction::Br(depth));
                    continue;
                }
                Operator::ReturnCall { .. }
                | Operator::ReturnCallIndirect { .. }
                | Operator::ReturnCallRef { .. }
                    if owed.is_some() =>
                {
                    self.meter.charge(&mut rewritten, owed);
                }
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
            if let Some(owed) = owed.filter(|_| is_loop) {
                self.meter.count_iteration(&mut rewritten, owed);
            }
        }
        if owed.is_some() {
            self.meter.charge(&mut rewritten, owed);
            rewritten.instruction(&Instruction::End);
        }
        Ok(rewritten)
    }

    /// What a block around the body at hand leaves behind.
    fn results(&mut self) -> Result<BlockType, ReencodeError<SeveralResults>> {
        let ty = self.shape.type_of_body(self.n_bodies);
        match *ty.results.as_slice() {
            [] => Ok(BlockType::Empty),
            [result] => Ok(BlockType::Result(self.val_type(result)?)),
            _ => Err(ReencodeError::UserError(SeveralResults)),
        }
    }
}

type Rewrite = Result<(), ReencodeError<SeveralResults>>;

impl Reencode for Rewriter<'_, '_> {
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

    fn parse_function_body(&mut self, code: &mut CodeSection, _: FunctionBody<'_>) -> Rewrite {
        let Steps { locals, steps } = steps::of(self.shape, self.plan, self.n_bodies)?;
        let n_params = self.shape.type_of_body(self.n_bodies).params.len();
        let mut declared = Vec::new();
        for of in &locals[n_params..] {
            declared.push(self.val_type(*of)?);
        }
        // What is owed, and the length of a bulk instruction.
        declared.extend([ValType::I32; 2]);
        let (owed, bulk) = (n(locals.len()), n(locals.len()) + 1);
        let has_loop = steps.iter().any(|step| matches!(step.operator, Operator::Loop { .. }));
        let rewritten = Function::new_with_locals_types(declared);
        let rewritten = self.function(rewritten, steps, (has_loop.then_some(owed), bulk))?;
        code.function(&rewritten);
        self.n_bodies += 1;
        Ok(())
    }
}
