//! The reader of expressions: the expression part of the grammar of latex2sympy2-extended 1.11.0
//! (`PS.g4`) as recursive descent. Alternatives are tried in the grammar's order.

use super::atom::subscript;
use super::functions::{apply, determinant, transpose};
use super::node::{Constant, Function, Node};
use super::token::{Bracket, Kind, Token};

/// The deepest nesting that is read.
const DEEPEST: usize = 48;

/// The most steps the reader takes, alternatives included.
const MOST_STEPS: u32 = 20_000;

/// Why nothing was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The grammar has no such sentence, or upstream raises an error for it.
    Refused,
    /// The native reader does not follow the grammar there.
    Unread,
}

pub(super) type Read<T> = Result<T, Stop>;

/// A reader of tokens.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: &'a [Token],
    pub(super) at: usize,
    /// Whether the symbols of the answer are real.
    pub(super) is_real: bool,
    depth: usize,
    n_bars: usize,
    steps: u32,
}

/// Whether a function may stand without a sign before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Functions {
    Allowed,
    /// Inside the argument of a function without parentheses.
    Refused,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, tokens: &'a [Token], is_real: bool) -> Self {
        Self { text, tokens, at: 0, is_real, depth: 0, n_bars: 0, steps: 0 }
    }

    pub(super) fn peek(&self) -> Option<Kind> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<Kind> {
        self.tokens.get(self.at + ahead).map(|token| token.kind)
    }

    pub(super) fn token_text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| &self.text[token.at.clone()])
    }

    pub(super) fn eat(&mut self, kind: Kind) -> bool {
        let found = self.peek() == Some(kind);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, kind: Kind) -> Read<()> {
        if self.eat(kind) { Ok(()) } else { Err(self.refusal()) }
    }

    /// Refusal, unless the reader stands before a word it does not follow.
    pub(super) fn refusal(&self) -> Stop {
        let is_foreign_name = self.token_text(self.at) == r"\operatorname"
            && self.peek_at(2) != Some(Kind::Misplaced);
        match self.peek() {
            Some(Kind::Unread) if !is_foreign_name => Stop::Unread,
            _ => Stop::Refused,
        }
    }

    /// Goes one level down for the time of `read`.
    pub(super) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        self.steps += 1;
        if self.depth >= DEEPEST || self.steps > MOST_STEPS {
            return Err(Stop::Unread);
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Reads, and returns to the start where the grammar refuses.
    pub(super) fn attempt<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Read<T>,
    ) -> Read<Option<T>> {
        let (start, depth, n_bars) = (self.at, self.depth, self.n_bars);
        match self.nested(read) {
            Ok(found) => Ok(Some(found)),
            Err(Stop::Refused) => {
                (self.at, self.depth, self.n_bars) = (start, depth, n_bars);
                Ok(None)
            }
            Err(Stop::Unread) => Err(Stop::Unread),
        }
    }

    pub(super) fn expression(&mut self) -> Read<Node> {
        self.nested(|reader| {
            let mut sum = reader.product(Functions::Allowed)?;
            loop {
                if reader.eat(Kind::Plus) {
                    sum = sum.plus(reader.product(Functions::Allowed)?);
                } else if reader.eat(Kind::Minus) {
                    sum = sum.plus(reader.product(Functions::Allowed)?.negate());
                } else {
                    return Ok(sum);
                }
            }
        })
    }

    fn product(&mut self, functions: Functions) -> Read<Node> {
        let mut product = self.unary(functions)?;
        loop {
            if self.eat(Kind::Times) {
                product = product.times(self.unary(functions)?);
            } else if self.eat(Kind::Divide) || self.eat(Kind::Colon) {
                product = product.over(self.unary(functions)?);
            } else {
                return Ok(product);
            }
        }
    }

    fn unary(&mut self, functions: Functions) -> Read<Node> {
        self.nested(|reader| {
            if reader.eat(Kind::Plus) {
                return reader.unary(functions);
            }
            if reader.eat(Kind::Minus) {
                return reader.unary(functions).map(Node::negate);
            }
            let mut factors = vec![reader.postfix(Functions::Allowed)?];
            while reader.at_factor(functions) {
                let Some(factor) = reader.attempt(|reader| reader.postfix(functions))? else {
                    break;
                };
                factors.push(factor);
            }
            let last = factors.pop().expect("there is a first factor");
            Ok(factors.into_iter().rev().fold(last, |product, factor| factor.beside(product)))
        })
    }

    /// Whether a factor starts here.
    fn at_factor(&self, functions: Functions) -> bool {
        match self.peek() {
            Some(Kind::Open(bracket)) => bracket != Bracket::VisualParen,
            Some(Kind::Bar) => self.n_bars == 0,
            Some(Kind::Function | Kind::Root | Kind::Euler) => functions == Functions::Allowed,
            Some(
                Kind::LeftBar
                | Kind::LeftFloor
                | Kind::LeftCeiling
                | Kind::Frac
                | Kind::Binomial
                | Kind::Boxed
                | Kind::MatrixStart
                | Kind::DeterminantStart
                | Kind::LeftAngle
                | Kind::Unread,
            ) => true,
            Some(kind) => is_atom(kind),
            None => false,
        }
    }

    /// A power with factorials, degrees and transposes after it.
    fn postfix(&mut self, functions: Functions) -> Read<Node> {
        let mut value = self.operand(functions)?;
        while self.eat(Kind::Superscript) {
            let exponent = self.exponent()?;
            if self.peek() == Some(Kind::Subscript) {
                subscript(self)?;
            }
            value = value.power(exponent);
        }
        loop {
            if self.eat(Kind::Factorial) {
                value = Node::Call(Function::Factorial, vec![value]);
            } else if self.eat(Kind::Transpose) {
                value = transpose(value);
            } else if !self.eat(Kind::Degree) {
                let is_evaluation = self.peek() == Some(Kind::Bar)
                    && matches!(self.peek_at(1), Some(Kind::Subscript | Kind::Superscript))
                    && self.n_bars == 0;
                return if is_evaluation { Err(Stop::Unread) } else { Ok(value) };
            }
        }
    }

    /// What follows `^`: an atom or a group in braces.
    pub(super) fn exponent(&mut self) -> Read<Node> {
        if self.eat(Kind::Open(Bracket::Brace)) {
            let exponent = self.expression()?;
            self.expect(Kind::Close(Bracket::Brace))?;
            return Ok(exponent);
        }
        self.nested(Self::atom)
    }

    fn operand(&mut self, functions: Functions) -> Read<Node> {
        match self.peek().ok_or(Stop::Refused)? {
            Kind::Open(bracket) if bracket != Bracket::VisualParen => {
                self.at += 1;
                self.closed_by(Kind::Close(bracket))
            }
            Kind::Boxed => {
                self.at += 1;
                self.expect(Kind::Open(Bracket::Brace))?;
                self.closed_by(Kind::Close(Bracket::Brace))
            }
            Kind::Bar => self.bars(),
            Kind::LeftBar => self.around(Kind::RightBar, Function::Abs),
            Kind::LeftFloor => self.around(Kind::RightFloor, Function::Floor),
            Kind::LeftCeiling => self.around(Kind::RightCeiling, Function::Ceiling),
            Kind::Frac => {
                self.at += 1;
                let top = self.in_braces()?;
                Ok(top.over(self.in_braces()?))
            }
            Kind::Binomial => {
                self.at += 1;
                let above = self.in_braces()?;
                Ok(Node::Call(Function::Binomial, vec![above, self.in_braces()?]))
            }
            Kind::MatrixStart => self.matrix(Kind::MatrixEnd).map(Node::Matrix),
            Kind::DeterminantStart => {
                let rows = self.matrix(Kind::DeterminantEnd)?;
                determinant(&rows).ok_or(Stop::Unread)
            }
            Kind::LeftAngle => {
                self.at += 1;
                self.closed_by(Kind::RightAngle)?;
                Err(Stop::Unread)
            }
            Kind::Unread => Err(self.refusal()),
            kind if functions == Functions::Allowed => match self.function(kind)? {
                Some(value) => Ok(value),
                None => self.atom(),
            },
            _ => self.atom(),
        }
    }

    fn closed_by(&mut self, close: Kind) -> Read<Node> {
        let n_bars = std::mem::take(&mut self.n_bars);
        let value = self.expression()?;
        self.n_bars = n_bars;
        self.expect(close)?;
        Ok(value)
    }

    pub(super) fn in_braces(&mut self) -> Read<Node> {
        self.expect(Kind::Open(Bracket::Brace))?;
        self.closed_by(Kind::Close(Bracket::Brace))
    }

    fn around(&mut self, close: Kind, function: Function) -> Read<Node> {
        self.at += 1;
        Ok(Node::Call(function, vec![self.closed_by(close)?]))
    }

    /// An absolute value between two bars; bars inside bars are ambiguous.
    fn bars(&mut self) -> Read<Node> {
        self.at += 1;
        self.n_bars += 1;
        let value = self.expression()?;
        self.n_bars -= 1;
        self.expect(Kind::Bar)?;
        Ok(Node::Call(Function::Abs, vec![value]))
    }

    fn matrix(&mut self, end: Kind) -> Read<Vec<Vec<Node>>> {
        self.at += 1;
        let mut rows = Vec::new();
        while rows.is_empty() || self.peek() != Some(end) {
            let mut row = vec![self.expression()?];
            while self.eat(Kind::Column) {
                row.push(self.expression()?);
            }
            rows.push(row);
            if !self.eat(Kind::Row) {
                break;
            }
        }
        self.expect(end)?;
        let is_ragged = rows.iter().any(|row| row.len() != rows[0].len());
        if is_ragged { Err(Stop::Refused) } else { Ok(rows) }
    }

    /// A function applied to an argument, a root or a power of e; `None` where none stands.
    fn function(&mut self, kind: Kind) -> Read<Option<Node>> {
        match kind {
            Kind::Function => self.named_function().map(Some),
            Kind::Root => {
                self.at += 1;
                let index = self.attempt(|reader| {
                    reader.expect(Kind::Open(Bracket::Square))?;
                    reader.closed_by(Kind::Close(Bracket::Square))
                })?;
                let base = self.in_braces()?;
                let index = index.unwrap_or(Node::integer(2));
                Ok(Some(base.power(Node::integer(1).over(index))))
            }
            Kind::Euler => {
                self.at += 1;
                let euler = Node::Constant(Constant::Euler);
                if !self.eat(Kind::Superscript) {
                    return Ok(Some(euler));
                }
                Ok(Some(euler.power(self.exponent()?)))
            }
            Kind::Letter | Kind::Greek | Kind::OtherSymbol | Kind::Accent => {
                self.attempt(Self::application)
            }
            Kind::Gamma if self.peek_at(1) == Some(Kind::Open(Bracket::Paren)) => Err(Stop::Unread),
            _ => Ok(None),
        }
    }

    fn named_function(&mut self) -> Read<Node> {
        let name = &self.token_text(self.at)[1..];
        self.at += 1;
        let (mut base, mut exponent) = (None, None);
        for _ in 0..2 {
            if base.is_none() && self.eat(Kind::Subscript) {
                base = Some(self.exponent()?);
            } else if exponent.is_none() && self.eat(Kind::Superscript) {
                exponent = Some(self.exponent()?);
            }
        }
        let argument = self.attempt(|reader| {
            reader.expect(Kind::Open(Bracket::Paren))?;
            reader.closed_by(Kind::Close(Bracket::Paren))
        })?;
        let argument = match argument {
            Some(argument) => argument,
            None => self.nested(|reader| reader.product(Functions::Refused))?,
        };
        apply(name, argument, base, exponent)
    }
}

/// Whether a token starts an atom.
pub(super) fn is_atom(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Letter
            | Kind::CapitalE
            | Kind::Number
            | Kind::Scientific
            | Kind::Percent
            | Kind::Greek
            | Kind::Gamma
            | Kind::OtherSymbol
            | Kind::Infinity
            | Kind::Accent
            | Kind::Differential
    )
}
