//! What must be known of a module before its first function is rewritten.

use std::collections::HashMap;
use std::ops::Range;

use wasmparser::{
    BinaryReaderError, CompositeInnerType, ElementItems, ElementKind, FunctionBody, KnownCustom,
    MemoryType, Name, NameSectionReader, Operator, Parser, Payload, TypeRef, ValType,
};

use super::n;

pub(super) struct Shape<'a> {
    pub(super) n_imported_functions: u32,
    pub(super) n_globals: u32,
    pub(super) types: Vec<FunctionType>,
    /// The type of each function that has a body.
    pub(super) type_of: Vec<u32>,
    pub(super) bodies: Vec<FunctionBody<'a>>,
    /// The functions with a body that each calls directly.
    pub(super) callees: Vec<Vec<usize>>,
    /// Functions with a body by name; the first where several have the same.
    pub(super) named: HashMap<&'a str, usize>,
    /// Where functions with a body are in the table.
    pub(super) slots: HashMap<usize, i32>,
    pub(super) memory: MemoryType,
    /// Where the data section's contents are.
    pub(super) data: Range<usize>,
}

/// What a function takes and gives; empty for types of something else.
#[derive(Default)]
pub(super) struct FunctionType {
    pub(super) params: Vec<ValType>,
    pub(super) results: Vec<ValType>,
}

impl<'a> Shape<'a> {
    pub(super) fn read(wasm: &'a [u8]) -> Result<Self, BinaryReaderError> {
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
            bodies: Vec::new(),
            callees: Vec::new(),
            named: HashMap::new(),
            slots: HashMap::new(),
            memory,
            data: 0..0,
        };
        for payload in Parser::new(0).parse_all(wasm) {
            shape.visit(payload?)?;
        }
        Ok(shape)
    }

    /// The number of a function among those with a body; `None` for an imported one.
    pub(super) fn body_of(&self, function_idx: u32) -> Option<usize> {
        function_idx.checked_sub(self.n_imported_functions).map(|body| body as usize)
    }

    /// The number of a function with a body among all functions.
    pub(super) fn function_of(&self, body_idx: usize) -> u32 {
        self.n_imported_functions + n(body_idx)
    }

    pub(super) fn type_of_body(&self, body_idx: usize) -> &FunctionType {
        &self.types[self.type_of[body_idx] as usize]
    }

    fn visit(&mut self, payload: Payload<'a>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    for sub in group?.into_types() {
                        self.types.push(match sub.composite_type.inner {
                            CompositeInnerType::Func(of) => FunctionType {
                                params: of.params().to_vec(),
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
            Payload::ElementSection(section) => {
                for segment in section {
                    let segment = segment?;
                    self.visit_elements(&segment.kind, segment.items)?;
                }
            }
            Payload::CodeSectionEntry(body) => self.visit_body(body)?,
            Payload::DataSection(section) => self.data = section.range(),
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    self.visit_names(names)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Only what lands at a known place of the first table counts.
    fn visit_elements(
        &mut self,
        kind: &ElementKind<'_>,
        items: ElementItems<'_>,
    ) -> Result<(), BinaryReaderError> {
        let ElementKind::Active { table_index: None | Some(0), offset_expr } = kind else {
            return Ok(());
        };
        let Operator::I32Const { value: start } = offset_expr.get_operators_reader().read()? else {
            return Ok(());
        };
        let ElementItems::Functions(functions) = items else { return Ok(()) };
        for (slot, function_idx) in (start..).zip(functions) {
            if let Some(body_idx) = self.body_of(function_idx?) {
                self.slots.insert(body_idx, slot);
            }
        }
        Ok(())
    }

    fn visit_body(&mut self, body: FunctionBody<'a>) -> Result<(), BinaryReaderError> {
        let mut callees = Vec::new();
        for operator in body.get_operators_reader()? {
            if let Operator::Call { function_index } | Operator::ReturnCall { function_index } =
                operator?
            {
                callees.extend(self.body_of(function_index));
            }
        }
        self.bodies.push(body);
        self.callees.push(callees);
        Ok(())
    }

    fn visit_names(&mut self, names: NameSectionReader<'a>) -> Result<(), BinaryReaderError> {
        for subsection in names {
            let Name::Function(functions) = subsection? else { continue };
            for naming in functions {
                let naming = naming?;
                if let Some(body_idx) = self.body_of(naming.index) {
                    self.named.entry(naming.name).or_insert(body_idx);
                }
            }
        }
        Ok(())
    }
}
