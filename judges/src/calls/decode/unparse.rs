//! The source text of an expression, as `ast.unparse` of Python 3.11 writes it.
//!
//! The text of a nested call is its value, so spacing, quotes and parentheses matter. An f-string is the
//! one expression that is written down in words of its own: as an empty one.

use ruff_python_ast::{self as ast, CmpOp, Expr, Operator, UnaryOp};

use super::python::constant;
use crate::calls::value::Value;

/// How tightly an expression binds (`_Precedence` of `Lib/ast.py`, 3.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Named,
    Tuple,
    Yield,
    Test,
    Or,
    And,
    Not,
    Comparison,
    BitOr,
    BitXor,
    BitAnd,
    Shift,
    Sum,
    Term,
    Factor,
    Power,
    Await,
    Atom,
}

impl Binding {
    fn next(self) -> Self {
        match self {
            Self::Named => Self::Tuple,
            Self::Tuple => Self::Yield,
            Self::Yield => Self::Test,
            Self::Test => Self::Or,
            Self::Or => Self::And,
            Self::And => Self::Not,
            Self::Not => Self::Comparison,
            Self::Comparison => Self::BitOr,
            Self::BitOr => Self::BitXor,
            Self::BitXor => Self::BitAnd,
            Self::BitAnd => Self::Shift,
            Self::Shift => Self::Sum,
            Self::Sum => Self::Term,
            Self::Term => Self::Factor,
            Self::Factor => Self::Power,
            Self::Power => Self::Await,
            Self::Await | Self::Atom => Self::Atom,
        }
    }
}

/// Writes an expression.
pub(super) fn expression(expr: &Expr) -> String {
    let mut writer = Writer(String::new());
    writer.write(expr, Binding::Test);
    writer.0
}

struct Writer(String);

impl Writer {
    fn push(&mut self, text: &str) {
        self.0.push_str(text);
    }

    /// Writes an expression where its surroundings bind as tightly as `around`.
    fn write(&mut self, expr: &Expr, around: Binding) {
        let own = binding(expr);
        let has_parentheses = around > own;
        self.push(if has_parentheses { "(" } else { "" });
        self.bare(expr, own);
        self.push(if has_parentheses { ")" } else { "" });
    }

    fn bare(&mut self, expr: &Expr, own: Binding) {
        match expr {
            Expr::BoolOp(e) => self.bool_op(e, own),
            Expr::Named(e) => {
                self.write(&e.target, Binding::Atom);
                self.push(" := ");
                self.write(&e.value, Binding::Atom);
            }
            Expr::BinOp(e) => self.bin_op(e, own),
            Expr::UnaryOp(e) => {
                let space = if e.op == UnaryOp::Not { " " } else { "" };
                self.push(e.op.as_str());
                self.push(space);
                self.write(&e.operand, own);
            }
            Expr::Lambda(e) => self.lambda(e),
            Expr::If(e) => {
                self.write(&e.body, Binding::Or);
                self.push(" if ");
                self.write(&e.test, Binding::Or);
                self.push(" else ");
                self.write(&e.orelse, Binding::Test);
            }
            Expr::Compare(e) => self.compare(e),
            Expr::Await(e) => {
                self.push("await ");
                self.write(&e.value, Binding::Atom);
            }
            Expr::Yield(e) => {
                self.push("yield");
                if let Some(value) = &e.value {
                    self.push(" ");
                    self.write(value, Binding::Atom);
                }
            }
            Expr::YieldFrom(e) => {
                self.push("yield from ");
                self.write(&e.value, Binding::Atom);
            }
            Expr::Call(e) => self.call(e),
            Expr::Attribute(e) => {
                self.write(&e.value, Binding::Atom);
                let is_integer = matches!(&*e.value, Expr::NumberLiteral(number)
                    if matches!(number.value, ast::Number::Int(_)));
                self.push(if is_integer { " ." } else { "." });
                self.push(e.attr.as_str());
            }
            Expr::Subscript(e) => self.subscript(e),
            Expr::Starred(e) => {
                self.push("*");
                self.write(&e.value, Binding::BitOr);
            }
            Expr::Name(e) => self.push(e.id.as_str()),
            other => self.display(other),
        }
    }

    /// Containers, comprehensions, slices and constants.
    fn display(&mut self, expr: &Expr) {
        match expr {
            Expr::List(e) => self.items(("[", "]"), &e.elts),
            Expr::Tuple(e) if e.elts.len() == 1 => self.items(("(", ",)"), &e.elts),
            Expr::Tuple(e) => self.items(("(", ")"), &e.elts),
            Expr::Set(e) => self.items(("{", "}"), &e.elts),
            Expr::Dict(e) => self.dict(e),
            Expr::ListComp(e) => self.comprehension(("[", "]"), (None, &e.elt), &e.generators),
            Expr::SetComp(e) => self.comprehension(("{", "}"), (None, &e.elt), &e.generators),
            Expr::Generator(e) => self.comprehension(("(", ")"), (None, &e.elt), &e.generators),
            Expr::DictComp(e) => {
                self.comprehension(("{", "}"), (e.key.as_deref(), &e.value), &e.generators);
            }
            Expr::Slice(e) => self.slice(e),
            Expr::FString(_) | Expr::TString(_) => self.push("f''"),
            Expr::EllipsisLiteral(_) => self.push("..."),
            constant => self.constant(constant),
        }
    }

    fn constant(&mut self, expr: &Expr) {
        if let Expr::StringLiteral(text) = expr
            && text.value.is_unicode()
        {
            self.push("u");
        }
        let text = match constant(expr) {
            Ok(Some(Value::Float(number))) if number.is_infinite() => "1e309".to_owned(),
            Ok(Some(Value::Complex(_, im))) if im.is_infinite() => "1e309j".to_owned(),
            Ok(Some(value)) => value.repr(),
            // An integer beyond what is read; whatever stands here, no acceptable value is so long.
            Ok(None) | Err(_) => "...".to_owned(),
        };
        self.push(&text);
    }

    fn items(&mut self, (open, close): (&str, &str), items: &[Expr]) {
        self.push(open);
        self.separated(items);
        self.push(close);
    }

    fn separated(&mut self, items: &[Expr]) {
        for (idx, item) in items.iter().enumerate() {
            self.push(if idx == 0 { "" } else { ", " });
            self.write(item, Binding::Test);
        }
    }

    fn dict(&mut self, dict: &ast::ExprDict) {
        self.push("{");
        for (idx, item) in dict.items.iter().enumerate() {
            self.push(if idx == 0 { "" } else { ", " });
            if let Some(key) = &item.key {
                self.write(key, Binding::Test);
                self.push(": ");
                self.write(&item.value, Binding::Test);
            } else {
                self.push("**");
                self.write(&item.value, Binding::BitOr);
            }
        }
        self.push("}");
    }

    fn comprehension(
        &mut self,
        (open, close): (&str, &str),
        (key, value): (Option<&Expr>, &Expr),
        generators: &[ast::Comprehension],
    ) {
        self.push(open);
        if let Some(key) = key {
            self.write(key, Binding::Test);
            self.push(": ");
        }
        self.write(value, Binding::Test);
        for generator in generators {
            self.push(if generator.is_async { " async for " } else { " for " });
            self.write(&generator.target, Binding::Tuple);
            self.push(" in ");
            self.write(&generator.iter, Binding::Or);
            for condition in &generator.ifs {
                self.push(" if ");
                self.write(condition, Binding::Or);
            }
        }
        self.push(close);
    }

    fn bool_op(&mut self, e: &ast::ExprBoolOp, own: Binding) {
        let mut around = own;
        for (idx, value) in e.values.iter().enumerate() {
            if idx > 0 {
                self.push(" ");
                self.push(e.op.as_str());
                self.push(" ");
            }
            // Each operand is written as if inside the one before.
            around = around.next();
            self.write(value, around);
        }
    }

    fn bin_op(&mut self, e: &ast::ExprBinOp, own: Binding) {
        let is_power = e.op == Operator::Pow;
        self.write(&e.left, if is_power { own.next() } else { own });
        self.push(" ");
        self.push(e.op.as_str());
        self.push(" ");
        self.write(&e.right, if is_power { own } else { own.next() });
    }

    fn compare(&mut self, e: &ast::ExprCompare) {
        self.write(&e.left, Binding::BitOr);
        for (op, operand) in e.ops.iter().zip(&e.comparators) {
            self.push(" ");
            self.push(match op {
                CmpOp::IsNot => "is not",
                CmpOp::NotIn => "not in",
                op => op.as_str(),
            });
            self.push(" ");
            self.write(operand, Binding::BitOr);
        }
    }

    fn call(&mut self, e: &ast::ExprCall) {
        self.write(&e.func, Binding::Atom);
        self.push("(");
        self.separated(&e.arguments.args);
        for (idx, keyword) in e.arguments.keywords.iter().enumerate() {
            self.push(if idx + e.arguments.args.len() == 0 { "" } else { ", " });
            match &keyword.arg {
                Some(name) => {
                    self.push(name.as_str());
                    self.push("=");
                }
                None => self.push("**"),
            }
            self.write(&keyword.value, Binding::Test);
        }
        self.push(")");
    }

    fn subscript(&mut self, e: &ast::ExprSubscript) {
        self.write(&e.value, Binding::Atom);
        self.push("[");
        match &*e.slice {
            Expr::Tuple(tuple) if tuple.elts.len() == 1 => {
                self.separated(&tuple.elts);
                self.push(",");
            }
            Expr::Tuple(tuple) if !tuple.elts.is_empty() => self.separated(&tuple.elts),
            index => self.write(index, Binding::Test),
        }
        self.push("]");
    }

    fn slice(&mut self, e: &ast::ExprSlice) {
        if let Some(lower) = &e.lower {
            self.write(lower, Binding::Test);
        }
        self.push(":");
        if let Some(upper) = &e.upper {
            self.write(upper, Binding::Test);
        }
        if let Some(step) = &e.step {
            self.push(":");
            self.write(step, Binding::Test);
        }
    }

    fn lambda(&mut self, e: &ast::ExprLambda) {
        self.push("lambda");
        if let Some(parameters) = &e.parameters {
            let written = self.0.len();
            self.push(" ");
            self.parameters(parameters);
            if self.0.len() == written + 1 {
                self.0.truncate(written);
            }
        }
        self.push(": ");
        self.write(&e.body, Binding::Test);
    }

    fn parameters(&mut self, parameters: &ast::Parameters) {
        let mut is_first = true;
        let mut separate = |writer: &mut Self| {
            writer.push(if is_first { "" } else { ", " });
            is_first = false;
        };
        for (idx, parameter) in parameters.posonlyargs.iter().chain(&parameters.args).enumerate() {
            separate(self);
            self.parameter(parameter);
            if idx + 1 == parameters.posonlyargs.len() {
                self.push(", /");
            }
        }
        if parameters.vararg.is_some() || !parameters.kwonlyargs.is_empty() {
            separate(self);
            self.push("*");
            self.push(parameters.vararg.as_ref().map_or("", |star| star.name.as_str()));
        }
        for parameter in &parameters.kwonlyargs {
            separate(self);
            self.parameter(parameter);
        }
        if let Some(rest) = &parameters.kwarg {
            separate(self);
            self.push("**");
            self.push(rest.name.as_str());
        }
    }

    fn parameter(&mut self, parameter: &ast::ParameterWithDefault) {
        self.push(parameter.parameter.name.as_str());
        if let Some(default) = &parameter.default {
            self.push("=");
            self.write(default, Binding::Test);
        }
    }
}

fn binding(expr: &Expr) -> Binding {
    match expr {
        Expr::Named(_) => Binding::Named,
        Expr::Yield(_) | Expr::YieldFrom(_) => Binding::Yield,
        Expr::If(_) | Expr::Lambda(_) => Binding::Test,
        Expr::BoolOp(e) if e.op == ast::BoolOp::Or => Binding::Or,
        Expr::BoolOp(_) => Binding::And,
        Expr::UnaryOp(e) if e.op == UnaryOp::Not => Binding::Not,
        Expr::UnaryOp(_) => Binding::Factor,
        Expr::Compare(_) => Binding::Comparison,
        Expr::Await(_) => Binding::Await,
        Expr::BinOp(e) => match e.op {
            Operator::BitOr => Binding::BitOr,
            Operator::BitXor => Binding::BitXor,
            Operator::BitAnd => Binding::BitAnd,
            Operator::LShift | Operator::RShift => Binding::Shift,
            Operator::Add | Operator::Sub => Binding::Sum,
            Operator::Pow => Binding::Power,
            _ => Binding::Term,
        },
        _ => Binding::Atom,
    }
}

#[cfg(test)]
mod tests {
    use ruff_python_parser::parse_expression;

    #[test]
    fn expressions_are_written_as_ast_unparse_writes_them() {
        let check = |source: &str, expected: &str| {
            let parsed = parse_expression(source).expect("valid Python").into_syntax();
            assert_eq!(super::expression(&parsed.body), expected, "{source}");
        };
        check("str( 150 )", "str(150)");
        check("f(\"a\" , b [ 'k' ],*c)", "f('a', b['k'], *c)");
        check("list(('a','b'))", "list(('a', 'b'))");
        check("f((1,), [ ], {'a':1, **b})", "f((1,), [], {'a': 1, **b})");
        check("(1 + 2) * -3 ** (-2)", "(1 + 2) * -3 ** (-2)");
        check("a - (b - c)", "a - (b - c)");
        check("not (a and b or c)", "not (a and b or c)");
        check("lambda x, *y, z=1, **k: x+1", "lambda x, *y, z=1, **k: x + 1");
        check("lambda: 0", "lambda: 0");
        check("x if y else (z if w else v)", "x if y else z if w else v");
        check("a[1:2, ::3]", "a[1:2, ::3]");
        check("[i for i in range(3) if i>1 if i]", "[i for i in range(3) if i > 1 if i]");
        check("1 .real", "1 .real");
        check("f(i for i in x)", "f((i for i in x))");
        check("a not in b is not c", "a not in b is not c");
        check("f(1e400, 2j, b'x', u'y', ...)", "f(1e309, 2j, b'x', u'y', ...)");
        check("a.b(c).d[e]()", "a.b(c).d[e]()");
        check("f((yield))", "f((yield))");
    }
}
