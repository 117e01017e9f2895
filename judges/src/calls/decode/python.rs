//! Calls in Python's syntax, as upstream's `ast_parse` and `resolve_ast_by_type` read them.
//!
//! Upstream's quirks, replicated: positional arguments are dropped; `+5` and `~5` are -5 and `not True`
//! is -1; a bare name is its own text; a call without keywords is its source text and one with
//! keywords a dictionary; a function reached through a call or subscript keeps its attributes only.
//! One is not: upstream evaluates arithmetic with `eval`, and here only constants are computed.

use num_bigint::BigInt;
use num_traits::Num;
use ruff_python_ast::{self as ast, Expr, PythonVersion};
use ruff_python_parser::{Mode, ParseErrorType, ParseOptions, parse_unchecked};

use super::budget::Budget;
use super::{FunctionCall, Undecodable, arithmetic, bounds, unparse};
use crate::calls::text::MAX_DIGITS;
use crate::calls::value::{Dict, Value};
use crate::instructions::python::text;

/// The calls in an expression: one call, or a list, tuple or set of calls.
pub(super) fn calls(source: &str) -> Result<Vec<FunctionCall>, Undecodable> {
    let parsed = parse(text::strip(source).trim_matches('\''))?;
    let budget = Budget::new();
    let elements = match &parsed {
        Expr::Call(call) => return Ok(vec![function_call(call, &budget)?]),
        Expr::List(list) => &list.elts,
        Expr::Tuple(tuple) => &tuple.elts,
        Expr::Set(set) => &set.elts,
        _ => return Err(Undecodable::new("the reply is neither a call nor a list of calls")),
    };
    let call = |element: &Expr| match element {
        Expr::Call(call) => function_call(call, &budget),
        _ => Err(Undecodable::new("an element of the list is no call")),
    };
    elements.iter().map(call).collect()
}

/// A literal, as `ast.literal_eval` takes it.
pub(super) fn literal(source: &str) -> Result<Value, Undecodable> {
    arithmetic::literal(&parse(source.trim_start_matches([' ', '\t']))?)
}

/// Parses an expression as `ast.parse` of `CPython` 3.11 does in its `eval` mode.
fn parse(source: &str) -> Result<Expr, Undecodable> {
    if source.contains('\0') {
        return Err(Undecodable::new("the reply holds a null character"));
    }
    if source.starts_with([' ', '\t']) {
        return Err(Undecodable::new("the reply is indented"));
    }
    // `CPython` reads every kind of line end as a newline, inside texts too.
    let source = source.replace("\r\n", "\n").replace('\r', "\n");
    if !bounds::is_shallow(&source) {
        return Err(Undecodable::new("the reply is nested too deeply"));
    }
    let options = ParseOptions::from(Mode::Expression).with_target_version(PythonVersion::PY311);
    let parsed = parse_unchecked(&source, options);
    // `ast.parse` leaves repeated keywords to the compiler, which never sees them.
    let is_repetition =
        |error: &ParseErrorType| matches!(error, ParseErrorType::DuplicateKeywordArgumentError(_));
    if let Some(error) = parsed.errors().iter().find(|error| !is_repetition(&error.error)) {
        return Err(Undecodable(format!("the reply is not valid Python: {error}")));
    }
    if let Some(error) = parsed.unsupported_syntax_errors().first() {
        return Err(Undecodable(format!("the reply is not valid Python 3.11: {error}")));
    }
    match parsed.into_syntax() {
        ast::Mod::Expression(expression) => Ok(*expression.body),
        ast::Mod::Module(_) => Err(Undecodable::new("the reply is no expression")),
    }
}

fn function_call(call: &ast::ExprCall, budget: &Budget) -> Result<FunctionCall, Undecodable> {
    let mut arguments = Dict::new();
    for keyword in &call.arguments.keywords {
        let name = keyword.arg.as_ref().map_or(Value::None, |name| Value::str(name.as_str()));
        let value = value(&keyword.value, budget)?;
        arguments.insert(name, value).expect("a name can be hashed");
    }
    Ok(FunctionCall { name: Value::Str(function_name(&call.func)), arguments })
}

/// The attributes, and the name they start from where it is one.
fn function_name(function: &Expr) -> String {
    let mut parts = Vec::new();
    let mut function = function;
    while let Expr::Attribute(attribute) = function {
        parts.push(attribute.attr.as_str());
        function = &attribute.value;
    }
    if let Expr::Name(name) = function {
        parts.push(name.id.as_str());
    }
    parts.reverse();
    parts.join(".")
}

fn value(expr: &Expr, budget: &Budget) -> Result<Value, Undecodable> {
    if let Some(constant) = constant(expr)? {
        return Ok(constant);
    }
    match expr {
        Expr::UnaryOp(operation) => negated(&operation.operand),
        Expr::List(list) => Ok(Value::List(values(&list.elts, budget)?)),
        Expr::Tuple(tuple) => Ok(Value::Tuple(values(&tuple.elts, budget)?)),
        Expr::Dict(dict) => dictionary(dict, budget),
        Expr::BinOp(_) => arithmetic::evaluate(expr, budget),
        Expr::Name(name) => Ok(Value::str(name.id.as_str())),
        Expr::Call(call) if call.arguments.keywords.is_empty() => {
            Ok(Value::Str(unparse::expression(expr)))
        }
        Expr::Call(call) => {
            let call = function_call(call, budget)?;
            let mut nested = Dict::new();
            nested.insert(call.name, Value::Dict(call.arguments)).expect("a name can be hashed");
            Ok(Value::Dict(nested))
        }
        Expr::Subscript(subscript) => {
            let (base, index) =
                (unparse::expression(&subscript.value), unparse::expression(&subscript.slice));
            Ok(Value::Str(format!("{base}[{index}]")))
        }
        _ => Err(Undecodable::new("an argument is neither a literal, a name nor a call")),
    }
}

fn values(elements: &[Expr], budget: &Budget) -> Result<Vec<Value>, Undecodable> {
    elements.iter().map(|element| value(element, budget)).collect()
}

fn dictionary(dict: &ast::ExprDict, budget: &Budget) -> Result<Value, Undecodable> {
    let mut entries = Dict::new();
    for item in &dict.items {
        let key = item.key.as_ref();
        let key = key.ok_or_else(|| Undecodable::new("a dictionary unpacks another"))?;
        let (key, value) = (value(key, budget)?, value(&item.value, budget)?);
        entries.insert(key, value).map_err(|_| Undecodable::new("a key cannot be hashed"))?;
    }
    Ok(Value::Dict(entries))
}

/// Any unary operator before a constant, which upstream reads as a minus.
fn negated(operand: &Expr) -> Result<Value, Undecodable> {
    let refused = || Undecodable::new("an operator stands before something that is no number");
    Ok(match constant(operand)?.ok_or_else(refused)? {
        Value::Bool(flag) => Value::int(-i32::from(flag)),
        Value::Int(number) => Value::Int(-number),
        Value::Float(number) => Value::Float(-number),
        Value::Complex(re, im) => Value::Complex(-re, -im),
        _ => return Err(refused()),
    })
}

/// The value of a constant; `None` for anything else. `...` stands for its own text.
pub(super) fn constant(expr: &Expr) -> Result<Option<Value>, Undecodable> {
    Ok(Some(match expr {
        Expr::StringLiteral(text) => Value::str(text.value.to_str()),
        Expr::BytesLiteral(bytes) => Value::Bytes(bytes.value.bytes().collect()),
        Expr::BooleanLiteral(flag) => Value::Bool(flag.value),
        Expr::NoneLiteral(_) => Value::None,
        Expr::EllipsisLiteral(_) => Value::str("..."),
        Expr::NumberLiteral(number) => match &number.value {
            ast::Number::Int(literal) => Value::Int(integer(literal)?),
            ast::Number::Float(number) => Value::Float(*number),
            ast::Number::Complex { real, imag } => Value::Complex(*real, *imag),
        },
        _ => return Ok(None),
    }))
}

/// An integer literal; the parser keeps the text of one that has more than 64 bits.
fn integer(literal: &ast::Int) -> Result<BigInt, Undecodable> {
    if let Some(small) = literal.as_u64() {
        return Ok(BigInt::from(small));
    }
    let text = literal.to_string().replace('_', "").to_ascii_lowercase();
    let radix = match text.get(..2) {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => 10,
    };
    let digits = if radix == 10 { &text } else { &text[2..] };
    if radix == 10 && digits.len() > MAX_DIGITS {
        return Err(Undecodable::new("an integer has more than 4300 digits"));
    }
    // Conversion takes quadratic time, and `CPython` bounds only decimal digits.
    if digits.len() > 1 << 16 {
        return Err(Undecodable::new("an integer is too long"));
    }
    BigInt::from_str_radix(digits, radix)
        .map_err(|err| Undecodable(format!("an integer cannot be read: {err}")))
}
