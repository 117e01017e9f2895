//! A function's instructions with those of functions that it no longer calls.

use std::collections::HashMap;

use wasmparser::{BinaryReaderError, BlockType, Operator, ValType};

use super::n;
use super::plan::{Guess, Plan};
use super::shape::Shape;

/// An instruction.
pub(super) struct Step<'a> {
    pub(super) operator: Operator<'a>,
    /// Whether it is counted as a call.
    pub(super) is_counted: bool,
}

/// What a function does.
pub(super) struct Steps<'a> {
    /// Types of the locals, parameters first.
    pub(super) locals: Vec<ValType>,
    pub(super) steps: Vec<Step<'a>>,
}

/// The instructions of a function, with functions in place of calls as the plan says.
pub(super) fn of<'a>(
    shape: &Shape<'a>,
    plan: &Plan,
    body_idx: usize,
) -> Result<Steps<'a>, BinaryReaderError> {
    let locals = shape.type_of_body(body_idx).params.clone();
    let mut writer =
        Writer { shape, plan, root: body_idx, locals, idle: HashMap::new(), steps: Vec::new() };
    let n_params = n(writer.locals.len());
    let mut places: Vec<u32> = (0..n_params).collect();
    for of in writer.declared(body_idx)? {
        places.push(writer.new_local(of));
    }
    writer.write(Frame { body_idx, places: &places, depth: 0, end: End::Kept })?;
    Ok(Steps { locals: writer.locals, steps: writer.steps })
}

/// A function that is being written: the one that all this is for, or one in place of a call.
struct Frame<'p> {
    body_idx: usize,
    /// Which local each of its own is.
    places: &'p [u32],
    /// Blocks of its own that are open.
    depth: u32,
    end: End,
}

/// What becomes of a function's last instruction and its returns.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// They stay.
    Kept,
    /// They lead to the end of a block that stands for the function.
    OfBlock,
}

struct Writer<'s, 'a> {
    shape: &'s Shape<'a>,
    plan: &'s Plan,
    /// The function that all this is for.
    root: usize,
    locals: Vec<ValType>,
    /// Locals of functions in place of calls that are done.
    idle: HashMap<ValType, Vec<u32>>,
    steps: Vec<Step<'a>>,
}

impl<'a> Writer<'_, 'a> {
    fn new_local(&mut self, of: ValType) -> u32 {
        self.locals.push(of);
        n(self.locals.len() - 1)
    }

    fn borrow_local(&mut self, of: ValType) -> u32 {
        match self.idle.get_mut(&of).and_then(Vec::pop) {
            Some(local) => local,
            None => self.new_local(of),
        }
    }

    fn step(&mut self, operator: Operator<'a>) {
        self.steps.push(Step { operator, is_counted: false });
    }

    fn counted_step(&mut self, operator: Operator<'a>) {
        self.steps.push(Step { operator, is_counted: true });
    }

    /// The locals of a function that are no parameters.
    fn declared(&self, body_idx: usize) -> Result<Vec<ValType>, BinaryReaderError> {
        if let Some(replacement) = self.plan.replaced.get(&body_idx) {
            return Ok(vec![ValType::I32; replacement.n_locals as usize]);
        }
        let mut declared = Vec::new();
        for group in self.shape.bodies[body_idx].get_locals_reader()? {
            let (count, of) = group?;
            declared.extend(std::iter::repeat_n(of, count as usize));
        }
        Ok(declared)
    }

    fn write(&mut self, mut frame: Frame<'_>) -> Result<(), BinaryReaderError> {
        let plan = self.plan;
        if let Some(replacement) = plan.replaced.get(&frame.body_idx) {
            for operator in &replacement.operators {
                self.write_one(&mut frame, operator.clone())?;
            }
            return Ok(());
        }
        let reader = self.shape.bodies[frame.body_idx].get_operators_reader()?;
        for operator in reader {
            self.write_one(&mut frame, operator?)?;
        }
        Ok(())
    }

    fn write_one(
        &mut self,
        frame: &mut Frame<'_>,
        operator: Operator<'a>,
    ) -> Result<(), BinaryReaderError> {
        let body_idx = frame.body_idx;
        let place = |local_index: u32| frame.places[local_index as usize];
        match operator {
            Operator::LocalGet { local_index } => {
                self.step(Operator::LocalGet { local_index: place(local_index) });
            }
            Operator::LocalSet { local_index } => {
                self.step(Operator::LocalSet { local_index: place(local_index) });
            }
            Operator::LocalTee { local_index } => {
                self.step(Operator::LocalTee { local_index: place(local_index) });
            }
            Operator::Call { function_index } => return self.call(body_idx, function_index),
            Operator::CallIndirect { type_index, table_index } => {
                let guess = self.plan.guess(self.root, body_idx);
                let guess = guess.filter(|guess| {
                    table_index == 0 && self.shape.type_of[guess.callee] == type_index
                });
                return self.call_indirect(body_idx, (type_index, table_index), guess);
            }
            Operator::Return if frame.end == End::OfBlock => {
                self.step(Operator::Br { relative_depth: frame.depth });
            }
            Operator::ReturnCall { function_index } => {
                let is_counted = self.is_closing(body_idx, function_index);
                self.steps.push(Step { operator, is_counted });
            }
            Operator::CallRef { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. } => {
                self.counted_step(operator);
            }
            operator => {
                match operator {
                    Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                        frame.depth += 1;
                    }
                    // The last one ends the function.
                    Operator::End => frame.depth = frame.depth.saturating_sub(1),
                    _ => {}
                }
                self.step(operator);
            }
        }
        Ok(())
    }

    fn is_closing(&self, caller: usize, function_idx: u32) -> bool {
        let target = self.shape.body_of(function_idx);
        target.is_some_and(|target| self.plan.closing.contains(&(caller, target)))
    }

    fn call(&mut self, caller: usize, function_index: u32) -> Result<(), BinaryReaderError> {
        if let Some(callee) = self.shape.body_of(function_index)
            && self.plan.is_inlined((caller, callee))
        {
            return self.inline(callee);
        }
        let is_counted = self.is_closing(caller, function_index);
        self.steps.push(Step { operator: Operator::Call { function_index }, is_counted });
        Ok(())
    }

    /// A call through a pointer; first of all a comparison with what it nearly always is.
    fn call_indirect(
        &mut self,
        caller: usize,
        (type_index, table_index): (u32, u32),
        guess: Option<Guess>,
    ) -> Result<(), BinaryReaderError> {
        let indirect = Operator::CallIndirect { type_index, table_index };
        let Some(guess) = guess else {
            self.counted_step(indirect);
            return Ok(());
        };
        let pointer = self.borrow_local(ValType::I32);
        self.step(Operator::LocalTee { local_index: pointer });
        self.step(Operator::I32Const { value: guess.slot });
        self.step(Operator::I32Eq);
        self.step(Operator::If { blockty: BlockType::FuncType(type_index) });
        self.call(caller, self.shape.function_of(guess.callee))?;
        self.step(Operator::Else);
        self.step(Operator::LocalGet { local_index: pointer });
        self.counted_step(indirect);
        self.step(Operator::End);
        self.give_back(&[pointer]);
        Ok(())
    }

    /// Writes a function where it would be called, its arguments being on the stack.
    fn inline(&mut self, callee: usize) -> Result<(), BinaryReaderError> {
        let ty = self.shape.type_of_body(callee);
        let mut places = Vec::new();
        for of in &ty.params {
            places.push(self.borrow_local(*of));
        }
        for place in places.clone().into_iter().rev() {
            self.step(Operator::LocalSet { local_index: place });
        }
        for of in self.declared(callee)? {
            let place = self.borrow_local(of);
            places.push(place);
            self.step(zero(of));
            self.step(Operator::LocalSet { local_index: place });
        }
        let blockty = match *ty.results.as_slice() {
            [result] => BlockType::Type(result),
            _ => BlockType::Empty,
        };
        self.step(Operator::Block { blockty });
        self.write(Frame { body_idx: callee, places: &places, depth: 0, end: End::OfBlock })?;
        self.give_back(&places);
        Ok(())
    }

    fn give_back(&mut self, places: &[u32]) {
        for place in places.iter().rev() {
            self.idle.entry(self.locals[*place as usize]).or_default().push(*place);
        }
    }
}

fn zero(of: ValType) -> Operator<'static> {
    match of {
        ValType::I64 => Operator::I64Const { value: 0 },
        ValType::F32 => Operator::F32Const { value: 0.0.into() },
        ValType::F64 => Operator::F64Const { value: 0.0.into() },
        _ => Operator::I32Const { value: 0 },
    }
}
