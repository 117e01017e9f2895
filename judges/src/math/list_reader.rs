//! The reader of collections and relations: the outer part of the grammar of
//! latex2sympy2-extended 1.11.0 (`PS.g4`).

use super::canonical;
use super::estimate::estimate;
use super::node::{Node, Sign};
use super::reader::{Read, Reader, Stop};
use super::token::{Bracket, Kind};
use super::value::{Bound, Comparison, Domain, Interval, Relation, Value};

/// Reads a whole answer. The three forms of the grammar are tried in its order.
pub(super) fn answer(reader: &mut Reader<'_>) -> Read<Value> {
    let forms: [fn(&mut Reader<'_>) -> Read<Value>; 3] = [
        |reader| reader.named_list(),
        |reader| reader.rows(Relations::Allowed).map(collect),
        |reader| reader.set(),
    ];
    for form in forms {
        let found = reader.attempt(|reader| {
            let value = form(reader)?;
            if reader.peek().is_some() { Err(reader.refusal()) } else { Ok(value) }
        })?;
        if let Some(value) = found {
            return Ok(value);
        }
    }
    Err(Stop::Refused)
}

/// Whether elements of a list may be relations.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Relations {
    Allowed,
    Refused,
}

/// Elements between semicolons: a single row is a list, several rows a list of lists.
fn collect(mut rows: Vec<Vec<Value>>) -> Value {
    if rows.len() > 1 {
        let all_single = rows.iter().all(|row| row.len() == 1);
        return Value::Set(if all_single {
            rows.into_iter().flatten().collect()
        } else {
            rows.into_iter().map(Value::Tuple).collect()
        });
    }
    let mut row = rows.pop().unwrap_or_default();
    if row.len() == 1 { row.pop().expect("the row has an element") } else { Value::Set(row) }
}

impl Reader<'_> {
    /// `x = 1, 2` or `x \in \{1, 2\}`.
    fn named_list(&mut self) -> Read<Value> {
        let left = self.names()?;
        if !self.eat(Kind::Equals) && !self.eat(Kind::In) {
            return Err(self.refusal());
        }
        let right = collect(self.rows(Relations::Refused)?);
        Ok(Value::Relations(vec![Relation { left, comparison: Comparison::Equal, right }]))
    }

    /// A name, or names in parentheses.
    fn names(&mut self) -> Read<Value> {
        let is_name = |kind| {
            matches!(kind, Some(Kind::Letter | Kind::Greek | Kind::OtherSymbol | Kind::Accent))
        };
        if is_name(self.peek()) {
            return self.atom().map(Value::Expression);
        }
        self.expect(Kind::Open(Bracket::Paren))?;
        let mut names = Vec::new();
        loop {
            if !is_name(self.peek()) {
                return Err(self.refusal());
            }
            names.push(Value::Expression(self.atom()?));
            if !self.eat(Kind::Comma) {
                break;
            }
        }
        self.expect(Kind::Close(Bracket::Paren))?;
        let only = if names.len() == 1 { names.pop() } else { None };
        Ok(only.unwrap_or(Value::Tuple(names)))
    }

    fn rows(&mut self, relations: Relations) -> Read<Vec<Vec<Value>>> {
        let mut rows = vec![self.row(relations)?];
        while self.eat(Kind::Semicolon) {
            rows.push(self.row(relations)?);
        }
        Ok(rows)
    }

    fn row(&mut self, relations: Relations) -> Read<Vec<Value>> {
        let mut row = Vec::new();
        self.element(relations, &mut row)?;
        while self.eat(Kind::Comma) {
            self.element(relations, &mut row)?;
        }
        Ok(row)
    }

    fn element(&mut self, relations: Relations, row: &mut Vec<Value>) -> Read<()> {
        if let Some(pair) = self.attempt(Self::plus_minus)? {
            row.extend(pair);
            return Ok(());
        }
        let collection = self.attempt(|reader| {
            let value = reader.collection()?;
            if reader.at_end_of_element() { Ok(value) } else { Err(Stop::Refused) }
        })?;
        row.push(match collection {
            Some(value) => value,
            None if relations == Relations::Allowed => self.relation()?,
            None => Value::Expression(self.expression()?),
        });
        Ok(())
    }

    fn at_end_of_element(&self) -> bool {
        matches!(self.peek(), None | Some(Kind::Comma | Kind::Semicolon | Kind::Close(_)))
    }

    /// `a \pm b` as two elements, the sum first; for a sign alone the negative comes first.
    fn plus_minus(&mut self) -> Read<Vec<Value>> {
        if self.eat(Kind::PlusMinus) {
            let value = self.expression()?;
            return Ok(vec![Value::Expression(value.clone().negate()), Value::Expression(value)]);
        }
        let left = self.expression()?;
        self.expect(Kind::PlusMinus)?;
        let right = self.expression()?;
        Ok(vec![
            Value::Expression(left.clone().plus(right.clone())),
            Value::Expression(left.plus(right.negate())),
        ])
    }

    fn relation(&mut self) -> Read<Value> {
        let mut left = self.expression()?;
        let mut chain = Vec::new();
        loop {
            let comparison = match self.peek() {
                Some(Kind::Equals) => Comparison::Equal,
                Some(Kind::Less) => Comparison::Less,
                Some(Kind::AtMost) => Comparison::AtMost,
                Some(Kind::Greater) => Comparison::Greater,
                Some(Kind::AtLeast) => Comparison::AtLeast,
                Some(Kind::NotEqual) => Comparison::NotEqual,
                Some(Kind::In) => {
                    self.at += 1;
                    self.expression()?;
                    return Err(Stop::Unread);
                }
                Some(Kind::Approximately) if chain.is_empty() => {
                    self.at += 1;
                    let right = self.expression()?;
                    left = if left.has_only_symbols() { right } else { left };
                    continue;
                }
                Some(Kind::Approximately) => return Err(Stop::Unread),
                _ if chain.is_empty() => return Ok(Value::Expression(left)),
                _ => return Ok(Value::Relations(chain)),
            };
            self.at += 1;
            let right = self.expression()?;
            chain.push(Relation {
                left: Value::Expression(left),
                comparison,
                right: Value::Expression(right.clone()),
            });
            left = right;
        }
    }

    /// An expression of sets: a union, an intersection, a difference, or a set after a name.
    fn set(&mut self) -> Read<Value> {
        let named = self.attempt(|reader| {
            let left = reader.names()?;
            if reader.eat(Kind::NotIn) {
                return Err(Stop::Unread);
            }
            if !reader.eat(Kind::In) && !reader.eat(Kind::Equals) {
                return Err(reader.refusal());
            }
            let right = reader.set()?;
            Ok(Value::Relations(vec![Relation { left, comparison: Comparison::Equal, right }]))
        })?;
        match named {
            Some(value) => Ok(value),
            None => self.difference(),
        }
    }

    fn difference(&mut self) -> Read<Value> {
        let mut left = self.union()?;
        while self.eat(Kind::SetMinus) {
            left = Value::Difference(Box::new(left), Box::new(self.union()?));
        }
        Ok(left)
    }

    fn union(&mut self) -> Read<Value> {
        let mut left = self.intersection()?;
        while self.eat(Kind::Union) {
            let right = self.intersection()?;
            left = Value::Union(Box::new(unordered(left)), Box::new(unordered(right)));
        }
        Ok(left)
    }

    fn intersection(&mut self) -> Read<Value> {
        let mut left = self.set_group()?;
        while self.eat(Kind::Intersection) {
            let right = self.set_group()?;
            left = Value::Intersection(Box::new(unordered(left)), Box::new(unordered(right)));
        }
        Ok(left)
    }

    fn set_group(&mut self) -> Read<Value> {
        let group = self.attempt(|reader| {
            reader.expect(Kind::Open(Bracket::Paren))?;
            let value = reader.difference()?;
            reader.expect(Kind::Close(Bracket::Paren))?;
            Ok(value)
        })?;
        match group {
            Some(value) => Ok(value),
            None => self.collection(),
        }
    }

    /// An interval, a named set, a tuple or a set in braces.
    fn collection(&mut self) -> Read<Value> {
        let domain = match self.peek().ok_or(Stop::Refused)? {
            Kind::EmptySet => Some(Domain::Empty),
            Kind::Naturals => Some(Domain::Naturals),
            Kind::Integers => Some(Domain::Integers),
            Kind::Rationals => Some(Domain::Rationals),
            Kind::Reals => Some(Domain::Reals),
            Kind::Complexes => Some(Domain::Complexes),
            _ => None,
        };
        if let Some(domain) = domain {
            self.at += 1;
            return Ok(Value::Domain(domain));
        }
        if let Some(interval) = self.attempt(Self::interval)? {
            return Ok(interval);
        }
        let is_boxed = self.eat(Kind::Boxed);
        let Some(Kind::Open(bracket)) = self.peek() else { return Err(self.refusal()) };
        self.at += 1;
        if bracket == Bracket::Brace && self.eat(Kind::Close(Bracket::Brace)) {
            return Ok(Value::Domain(Domain::Empty));
        }
        let rows = self.nested(|reader| reader.rows(Relations::Allowed))?;
        self.expect(Kind::Close(bracket))?;
        match bracket {
            Bracket::Brace if is_boxed => Ok(collect(rows)),
            _ if is_boxed => Err(Stop::Refused),
            Bracket::Brace | Bracket::VisualBrace => {
                Ok(Value::Set(rows.into_iter().flatten().collect()))
            }
            Bracket::Paren | Bracket::VisualParen | Bracket::Square => {
                let mut elements: Vec<Value> = rows.into_iter().flatten().collect();
                let only = if elements.len() == 1 { elements.pop() } else { None };
                Ok(only.unwrap_or(Value::Tuple(elements)))
            }
            _ => Err(Stop::Refused),
        }
    }

    fn interval(&mut self) -> Read<Value> {
        let Some(Kind::Open(open)) = self.peek() else { return Err(self.refusal()) };
        self.at += 1;
        let left = self.expression()?;
        self.expect(Kind::Comma)?;
        let right = self.expression()?;
        let Some(Kind::Close(close)) = self.peek() else { return Err(self.refusal()) };
        self.at += 1;
        let is_open = |bracket| match bracket {
            Bracket::Paren | Bracket::VisualParen | Bracket::Group => Ok(true),
            Bracket::Square | Bracket::SquareCommand => Ok(false),
            _ => Err(Stop::Refused),
        };
        let left = Bound { at: left, is_open: is_open(open)? };
        let right = Bound { at: right, is_open: is_open(close)? };
        if self.is_real { bounded(left, right) } else { Err(Stop::Unread) }
    }
}

/// An interval upstream, which makes a tuple or a set of one of it where the ends are not in order.
fn bounded(mut left: Bound, mut right: Bound) -> Read<Value> {
    use std::cmp::Ordering::{Equal, Greater};
    let has_imaginary =
        |node: &Node| node.any(&|part| *part == Node::Constant(super::node::Constant::Imaginary));
    if has_imaginary(&left.at) || has_imaginary(&right.at) {
        return Err(Stop::Unread);
    }
    let order = order(&left.at, &right.at);
    let pair = |left: Bound, right: Bound| {
        Value::Tuple(vec![Value::Expression(left.at), Value::Expression(right.at)])
    };
    match order {
        Some(Greater) if left.is_open == right.is_open => return Ok(pair(left, right)),
        Some(Equal) if left.is_open && right.is_open => return Ok(pair(left, right)),
        Some(Equal) if !left.is_open && !right.is_open => {
            return Ok(Value::Set(vec![Value::Expression(left.at)]));
        }
        Some(Greater | Equal) => return Ok(Value::Domain(Domain::Empty)),
        _ => {}
    }
    left.is_open |= left.at == Node::Infinity(Sign::Negative);
    right.is_open |= right.at == Node::Infinity(Sign::Positive);
    Ok(Value::Interval(Interval { left, right }))
}

/// The order of two expressions, where both are real numbers or infinite.
fn order(left: &Node, right: &Node) -> Option<std::cmp::Ordering> {
    if left == right {
        return Some(std::cmp::Ordering::Equal);
    }
    if let (Some(left), Some(right)) = (canonical::rational(left), canonical::rational(right)) {
        return Some(left.cmp(&right));
    }
    let size = |node: &Node| match node {
        Node::Infinity(Sign::Positive) => Some(f64::INFINITY),
        Node::Infinity(Sign::Negative) => Some(f64::NEG_INFINITY),
        other if other.any(&|part| matches!(part, Node::Symbol(_))) => None,
        other => estimate(other, 0).and_then(super::estimate::Complex::real),
    };
    size(left)?.partial_cmp(&size(right)?)
}

fn unordered(value: Value) -> Value {
    match value {
        Value::Tuple(elements) => Value::Set(elements),
        other => other,
    }
}
