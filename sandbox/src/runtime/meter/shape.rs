//! What must be known of a module before its first function is rewritten.

use std::collections::HashSet;
use std::ops::Range;

use wasmparser::{
    BinaryReaderError, CompositeInnerType, FunctionBody, MemoryType, Operator, Parser, Payload,
    TypeRef, ValType,
};

use super::calls::{self, DirectCall};
use super::n;

pub(super) struct Shape {
    pub(super) n_imported_functions: u32,
    pub(super) n_globals: u32,
    pub(super) types: Vec<FunctionType>,
    /// The type of each function that has a body.
    pub(super) type_of: Vec<u32>,
    /// Direct calls that are counted.
    pub(super) closing: HashSet<DirectCall>,
    pub(super) memory: MemoryType,
    /// Where the data section's contents are.
    pub(super) data: Range<usize>,
    callees: Vec<Vec<usize>>,
}

/// What a function takes and gives; empty for types of something else.
#[derive(Default)]
pub(super) struct FunctionType {
    pub(super) n_params: u32,
    pub(super) results: Vec<ValType>,
}

impl Shape {
    pub(super) fn read(wasm: &[u8]) -> Result<Self, BinaryReaderError> {
        let memory = MemoryType {
            memory64: false,
            shared: false,
            initial: 0,
            maximum: None,
            page_size_log2: None,
        };
        let mut shape = Self {
            n_imported_functions: 0,
            n_globals: 0,
            types: Vec::new(),
            type_of: Vec::new(),
            closing: HashSet::new(),
            memory,
            data: 0..0,
            callees: Vec::new(),
        };
        for payload in Parser::new(0).parse_all(wasm) {
            shape.visit(payload?)?;
        }
        shape.closing = calls::that_close_circles(&shape.callees);
        Ok(shape)
    }

    /// The number of a function among those with a body; `None` for an imported one.
    pub(super) fn body_of(&self, function_idx: u32) -> Option<usize> {
        function_idx.checked_sub(self.n_imported_functions).map(|body| body as usize)
    }

    fn visit(&mut self, payload: Payload<'_>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    for sub in group?.into_types() {
                        self.types.push(match sub.composite_type.inner {
                            CompositeInnerType::Func(of) => FunctionType {
                                n_params: n(of.params().len()),
                                results: of.results().to_vec(),
                            },
                            _ => FunctionType::default(),
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
                self.type_of = section.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.memory = memory?;
                }
            }
            Payload::GlobalSection(section) => self.n_globals = section.count(),
            Payload::CodeSectionEntry(body) => self.visit_body(&body)?,
            Payload::DataSection(section) => self.data = section.range(),
            _ => {}
        }
        Ok(())
    }

    fn visit_body(&mut self, body: &FunctionBody<'_>) -> Result<(), BinaryReaderError> {
        let mut callees = Vec::new();
        for operator in body.get_operators_reader()? {
            if let Operator::Call { function_index } | Operator::ReturnCall { function_index } =
                operator?
            {
                callees.extend(self.body_of(function_index));
            }
        }
        self.callees.push(callees);
        Ok(())
    }
}
