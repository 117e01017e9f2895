//! The normal form of an answer, written out.

use std::fmt::Write;

use super::canonical::canonical;
use super::node::{Node, Sign};
use super::polynomial::{Atom, Monomial, Polynomial};
use super::quotient::Quotient;
use super::segments::segments;
use super::value::{Comparison, Domain, Relation, Value};

/// The normal form, or `None` where there is none.
pub(super) fn form(value: &Value) -> Option<String> {
    match value {
        Value::Expression(node) => expression(node),
        Value::Set(elements) => {
            let mut forms = elements.iter().map(form).collect::<Option<Vec<_>>>()?;
            forms.sort_unstable();
            forms.dedup();
            match forms.as_slice() {
                [only] => Some(only.clone()),
                _ => Some(format!("{{{}}}", forms.join(","))),
            }
        }
        Value::Tuple(elements) => {
            let forms = elements.iter().map(form).collect::<Option<Vec<_>>>()?;
            Some(format!("({})", forms.join(",")))
        }
        Value::Interval(interval) => {
            let (open, close) = match (interval.left.is_open, interval.right.is_open) {
                (true, true) => ('(', ')'),
                (true, false) => ('(', ']'),
                (false, true) => ('[', ')'),
                (false, false) => ('[', ']'),
            };
            let (left, right) = (expression(&interval.left.at)?, expression(&interval.right.at)?);
            Some(format!("{open}{left},{right}{close}"))
        }
        Value::Domain(Domain::Empty) => Some("{}".to_owned()),
        Value::Domain(domain) => Some(format!("{domain:?}")),
        Value::Union(..) | Value::Intersection(..) | Value::Difference(..) => {
            segments(value).map(|segments| format!("{segments:?}"))
        }
        Value::Relations(chain) => relations(chain),
    }
}

fn relations(chain: &[Relation]) -> Option<String> {
    let is_equation = chain.iter().all(|relation| relation.comparison == Comparison::Equal);
    let (first, last) = (chain.first()?, chain.last()?);
    let is_assignment = first.left.as_expression().is_some_and(Node::has_only_symbols);
    if is_equation && is_assignment {
        return form(&last.right);
    }
    let mut links = Vec::with_capacity(chain.len());
    for relation in chain {
        links.push(link(relation)?);
    }
    Some(links.join(" & "))
}

/// A relation as its difference, scaled to the leading coefficient one.
fn link(relation: &Relation) -> Option<String> {
    let (left, right) = (relation.left.as_expression()?, relation.right.as_expression()?);
    let difference = canonical(left)?.add(&canonical(right)?.negate()?)?;
    if !difference.bottom.is_one() {
        return None;
    }
    let leading = difference.top.leading()?.1.clone();
    let comparison = relation.comparison;
    let comparison = if leading.is_negative() { comparison.flipped() } else { comparison };
    let scaled = difference.scale(&super::ratio::Ratio::one().div(&leading)?)?;
    Some(format!("{} {comparison:?} 0", quotient(&scaled)?))
}

fn expression(node: &Node) -> Option<String> {
    match node {
        Node::Infinity(Sign::Positive) => Some("oo".to_owned()),
        Node::Infinity(Sign::Negative) => Some("-oo".to_owned()),
        // Upstream takes 15% for equal to 15; a vote counts for the number.
        Node::Percent(inner) => expression(inner),
        Node::Matrix(rows) => {
            let rows = rows.iter().map(|row| {
                let entries = row.iter().map(expression).collect::<Option<Vec<_>>>()?;
                Some(entries.join(","))
            });
            Some(format!("[{}]", rows.collect::<Option<Vec<_>>>()?.join(";")))
        }
        Node::Product(factors) if factors.len() > 1 && word(factors).is_some() => word(factors),
        other => quotient(&canonical(other)?),
    }
}

/// Letters side by side are a word; upstream takes them for equal to the same word in `\text`.
fn word(factors: &[Node]) -> Option<String> {
    let mut word = String::new();
    for factor in factors {
        match factor {
            Node::Symbol(symbol) => word.push_str(&symbol.name),
            Node::Constant(super::node::Constant::Euler) => word.push('e'),
            _ => return None,
        }
    }
    Some(word)
}

/// A polynomial; a quotient that is none has no normal form here.
fn quotient(quotient: &Quotient) -> Option<String> {
    if quotient.bottom.is_one() { polynomial(&quotient.top) } else { None }
}

fn polynomial(polynomial: &Polynomial) -> Option<String> {
    if polynomial.is_zero() {
        return Some("0".to_owned());
    }
    let mut out = String::new();
    for (monomial, ratio) in polynomial.terms() {
        if !out.is_empty() {
            out.push('+');
        }
        let factors = product(monomial)?;
        match (ratio.is_one(), factors.is_empty()) {
            (_, true) => write!(out, "{ratio}").ok()?,
            (true, false) => out.push_str(&factors),
            (false, false) => write!(out, "{ratio}*{factors}").ok()?,
        }
    }
    Some(out)
}

fn product(monomial: &Monomial) -> Option<String> {
    let mut factors = Vec::with_capacity(monomial.0.len());
    for (own, exponent) in &monomial.0 {
        let exponent = exponent.to_ratio()?;
        let name = atom(own)?;
        factors.push(if exponent.is_one() { name } else { format!("{name}^({exponent})") });
    }
    Some(factors.join("*"))
}

fn atom(atom: &Atom) -> Option<String> {
    Some(match atom {
        Atom::Prime(prime) => prime.to_string(),
        Atom::Imaginary => "I".to_owned(),
        Atom::Pi => "pi".to_owned(),
        Atom::Euler => "E".to_owned(),
        Atom::Gamma => "EulerGamma".to_owned(),
        Atom::LogOf(prime) => format!("ln({prime})"),
        Atom::Symbol(symbol) => symbol.name.clone(),
        Atom::Exponential(base, exponent) => {
            let base = base.map_or("E".to_owned(), |prime| prime.to_string());
            format!("{base}^({})", product(exponent)?)
        }
        Atom::Root(base) => format!("({})", polynomial(base)?),
        Atom::Call(function, arguments) => {
            let forms = arguments.iter().map(quotient).collect::<Option<Vec<_>>>()?;
            format!("{function:?}({})", forms.join(","))
        }
    })
}
