//! What an answer says: an expression, a collection, or relations.

use super::node::Node;

/// A parsed answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Expression(Node),
    /// A comma list or a set in braces, in the order it is written.
    Set(Vec<Value>),
    Tuple(Vec<Value>),
    Interval(Interval),
    Domain(Domain),
    Union(Box<Value>, Box<Value>),
    Intersection(Box<Value>, Box<Value>),
    Difference(Box<Value>, Box<Value>),
    /// One relation, or a chain of them.
    Relations(Vec<Relation>),
}

/// An interval between two expressions.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Interval {
    pub(super) left: Bound,
    pub(super) right: Bound,
}

/// An end of an interval.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bound {
    pub(super) at: Node,
    pub(super) is_open: bool,
}

/// A set with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Domain {
    Empty,
    Naturals,
    Integers,
    Rationals,
    Reals,
    Complexes,
}

/// A relation between two values.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Relation {
    pub(super) left: Value,
    pub(super) comparison: Comparison,
    pub(super) right: Value,
}

/// How two values are related.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Comparison {
    /// The comparison read from right to left.
    pub(super) fn flipped(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::AtMost => Self::AtLeast,
            Self::Greater => Self::Less,
            Self::AtLeast => Self::AtMost,
            Self::Equal | Self::NotEqual => self,
        }
    }
}

impl Value {
    /// Whether the value is a set or a tuple upstream.
    pub(super) fn is_collection(&self) -> bool {
        !matches!(self, Self::Expression(_) | Self::Relations(_))
    }

    /// Whether a condition holds for any part of any expression in the value.
    pub(super) fn any(&self, condition: &impl Fn(&Node) -> bool) -> bool {
        match self {
            Self::Expression(node) => node.any(condition),
            Self::Set(elements) | Self::Tuple(elements) => {
                elements.iter().any(|element| element.any(condition))
            }
            Self::Interval(interval) => {
                [&interval.left, &interval.right].iter().any(|bound| bound.at.any(condition))
            }
            Self::Domain(_) => false,
            Self::Union(left, right)
            | Self::Intersection(left, right)
            | Self::Difference(left, right) => left.any(condition) || right.any(condition),
            Self::Relations(chain) => {
                let mut sides = chain.iter().flat_map(|relation| [&relation.left, &relation.right]);
                sides.any(|side| side.any(condition))
            }
        }
    }

    pub(super) fn as_expression(&self) -> Option<&Node> {
        match self {
            Self::Expression(node) => Some(node),
            _ => None,
        }
    }
}
