//! What named functions and matrix signs mean.

use super::atom::EULER;
use super::node::{Function, Node};
use super::ratio::Ratio;
use super::reader::{Read, Stop};

/// A function of one argument. An exponent of minus one means the inverse function.
pub(super) fn apply(
    name: &str,
    argument: Node,
    base: Option<Node>,
    exponent: Option<Node>,
) -> Read<Node> {
    let is_inverse = exponent == Some(Node::integer(-1));
    let function = match (name, is_inverse) {
        ("log" | "ln", _) => {
            let usual = if name == "log" { Node::integer(10) } else { EULER };
            let value = Node::Call(Function::Log, vec![argument, base.unwrap_or(usual)]);
            return Ok(match exponent {
                Some(exponent) => value.power(exponent),
                None => value,
            });
        }
        ("exp", _) => {
            let value = EULER.power(argument);
            return Ok(match exponent {
                Some(exponent) => value.power(exponent),
                None => value,
            });
        }
        ("sin", false) => Function::Sin,
        ("cos", false) => Function::Cos,
        ("tan", false) => Function::Tan,
        ("csc", false) => Function::Csc,
        ("sec", false) => Function::Sec,
        ("cot", false) => Function::Cot,
        ("sin", true) | ("arcsin", false) => Function::Arcsin,
        ("cos", true) | ("arccos", false) => Function::Arccos,
        ("tan", true) | ("arctan", false) => Function::Arctan,
        _ => return Err(Stop::Unread),
    };
    let value = Node::Call(function, vec![argument]);
    Ok(match exponent.filter(|_| !is_inverse) {
        Some(exponent) => value.power(exponent),
        None => value,
    })
}

/// The determinant of a matrix of exact numbers with up to three rows.
pub(super) fn determinant(rows: &[Vec<Node>]) -> Option<Node> {
    let at = |row: usize, column: usize| rows[row][column].as_rational();
    let minor = |i: usize, j: usize, k: usize, l: usize| -> Option<Ratio> {
        at(i, k)?.mul(&at(j, l)?)?.add(&at(i, l)?.mul(&at(j, k)?)?.negate())
    };
    let value = match (rows.len(), rows[0].len()) {
        (1, 1) => at(0, 0)?,
        (2, 2) => minor(0, 1, 0, 1)?,
        (3, 3) => {
            let first = at(0, 0)?.mul(&minor(1, 2, 1, 2)?)?;
            let second = at(0, 1)?.mul(&minor(1, 2, 0, 2)?)?.negate();
            first.add(&second)?.add(&at(0, 2)?.mul(&minor(1, 2, 0, 1)?)?)?
        }
        _ => return None,
    };
    Some(Node::rational(value))
}

/// The transpose of a matrix; numbers and symbols are their own.
pub(super) fn transpose(value: Node) -> Node {
    let Node::Matrix(rows) = value else { return value };
    let n_columns = rows[0].len();
    Node::Matrix((0..n_columns).map(|i| rows.iter().map(|row| row[i].clone()).collect()).collect())
}
