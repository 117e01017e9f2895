//! The reader of atoms: numbers, names and the functions an answer names.

use num_bigint::BigInt;

use super::node::{Constant, Decimal, Function, Node, Sign, Symbol};
use super::ratio::Ratio;
use super::reader::{Read, Reader, Stop};
use super::token::{Bracket, Kind};

/// The number e.
pub(super) const EULER: Node = Node::Constant(Constant::Euler);

/// The most digits a number may have.
const MOST_DIGITS: usize = 2000;

/// Greek letters and the names that Math-Verify gives them (`symbols.py` of
/// latex2sympy2-extended 1.11.0).
const GREEK_NAMES: [(char, &str); 41] = [
    ('α', "alpha"),
    ('β', "beta"),
    ('γ', "gamma"),
    ('Γ', "Gamma"),
    ('δ', "delta"),
    ('Δ', "Delta"),
    ('ε', "epsilon"),
    ('ϵ', "varepsilon"),
    ('ζ', "zeta"),
    ('η', "eta"),
    ('θ', "theta"),
    ('Θ', "Theta"),
    ('ϑ', "vartheta"),
    ('ι', "iota"),
    ('κ', "kappa"),
    ('λ', "lambda"),
    ('Λ', "Lambda"),
    ('μ', "mu"),
    ('ν', "nu"),
    ('ξ', "xi"),
    ('Ξ', "Xi"),
    ('ο', "omicron"),
    ('π', "pi"),
    ('Π', "Pi"),
    ('ϖ', "varpi"),
    ('ρ', "rho"),
    ('ϱ', "varrho"),
    ('σ', "sigma"),
    ('Σ', "Sigma"),
    ('ς', "varsigma"),
    ('τ', "tau"),
    ('υ', "upsilon"),
    ('Υ', "Upsilon"),
    ('φ', "phi"),
    ('Φ', "Phi"),
    ('ϕ', "varphi"),
    ('χ', "chi"),
    ('ψ', "psi"),
    ('Ψ', "Psi"),
    ('ω', "omega"),
    ('Ω', "Omega"),
];

impl Reader<'_> {
    pub(super) fn atom(&mut self) -> Read<Node> {
        let text = self.token_text(self.at);
        let kind = self.peek().ok_or(Stop::Refused)?;
        match kind {
            Kind::Letter | Kind::Greek | Kind::OtherSymbol | Kind::Accent => self.name(),
            Kind::Number => {
                self.at += 1;
                if self.peek() == Some(Kind::Subscript) {
                    subscript(self)?;
                }
                number(text)
            }
            Kind::Percent => {
                self.at += 1;
                let digits = text.trim_end_matches(['%', '\\', ' ', '\t', '\r', '\n']);
                Ok(Node::Percent(Box::new(number(digits)?)))
            }
            Kind::Scientific => {
                self.at += 1;
                scientific(text)
            }
            Kind::CapitalE => {
                self.at += 1;
                Ok(self.symbol("e"))
            }
            Kind::Differential => {
                self.at += 1;
                let name = text[1..].trim_start().trim_start_matches('\\');
                Ok(self.symbol(&format!("d{}", name.to_lowercase())))
            }
            Kind::Gamma => {
                self.at += 1;
                Ok(Node::Constant(Constant::Gamma))
            }
            Kind::Infinity if text == r"\infty" => {
                self.at += 1;
                Ok(Node::Infinity(Sign::Positive))
            }
            _ => Err(self.refusal()),
        }
    }

    fn symbol(&self, name: &str) -> Node {
        Node::Symbol(Symbol { name: name.to_owned(), is_real: self.is_real })
    }

    /// A name with its subscript and superscript.
    fn name(&mut self) -> Read<Node> {
        let is_letter = self.peek() == Some(Kind::Letter);
        let mut name = self.base_name()?;
        if name == "I" && is_letter {
            return self.imaginary();
        }
        if self.peek() == Some(Kind::Subscript) {
            name.push_str(&subscript(self)?);
        }
        let value = self.named(&name);
        if !self.eat(Kind::Superscript) {
            return Ok(value);
        }
        // In x^2_1 the subscript belongs to the name.
        let is_subscripted = self.peek_at(1) == Some(Kind::Subscript);
        let exponent = self.exponent()?;
        if is_subscripted || self.peek() == Some(Kind::Subscript) {
            return Err(Stop::Unread);
        }
        Ok(value.power(exponent))
    }

    /// The imaginary unit, which takes a superscript but no subscript.
    fn imaginary(&mut self) -> Read<Node> {
        if self.peek() == Some(Kind::Subscript) {
            return Err(Stop::Unread);
        }
        let value = Node::Constant(Constant::Imaginary);
        Ok(if self.eat(Kind::Superscript) { value.power(self.exponent()?) } else { value })
    }

    /// The constant or symbol of a name; names are compared in lower case.
    fn named(&self, name: &str) -> Node {
        let greek = |letter: char| GREEK_NAMES.iter().find(|(c, _)| *c == letter);
        let mut chars = name.chars();
        let name = match (chars.next(), chars.next()) {
            (Some(letter), None) => greek(letter).map_or(name, |(_, name)| name),
            _ => name.strip_prefix('\\').unwrap_or(name),
        };
        let lower = name.to_lowercase();
        match (name, lower.as_str()) {
            ("pi", _) | (_, "pi") => Node::Constant(Constant::Pi),
            ("gamma" | "Gamma", _) | (_, "gamma") => Node::Constant(Constant::Gamma),
            _ => self.symbol(&lower),
        }
    }

    fn base_name(&mut self) -> Read<String> {
        let text = self.token_text(self.at);
        let is_accent = self.peek() == Some(Kind::Accent);
        self.at += 1;
        if !is_accent {
            return Ok(text.trim().to_owned());
        }
        let (command, inside) = text.split_once('{').ok_or(Stop::Unread)?;
        let inside = inside.strip_suffix('}').unwrap_or(inside).replace(' ', "");
        let command = command.trim_start_matches('\\');
        if inside.chars().any(char::is_whitespace) || command.ends_with(char::is_whitespace) {
            return Err(Stop::Unread);
        }
        Ok(match command {
            "overline" => format!("bar{{{inside}}}"),
            "overrightarrow" => format!("vec{{{inside}}}"),
            "widetilde" => format!("tilde{{{inside}}}"),
            _ if command.contains("text") || command.contains("mbox") => {
                inside.replace(['(', ')'], "")
            }
            _ if command.contains("math") => format!("math{{{inside}}}"),
            _ => format!("{command}{{{inside}}}"),
        })
    }

    /// A function that the answer names, applied to one atom or a list in brackets: `f(x)`.
    pub(super) fn application(&mut self) -> Read<Node> {
        let start = self.at;
        self.at += 1;
        if self.peek() == Some(Kind::Subscript) {
            subscript(self)?;
        }
        let name: String = (start..self.at).map(|at| self.token_text(at)).collect();
        let is_raised = self.eat(Kind::Superscript);
        let exponent = if is_raised { Some(self.exponent()?) } else { None };
        let is_braced = self.eat(Kind::Open(Bracket::Brace));
        let Some(Kind::Open(bracket @ (Bracket::Paren | Bracket::Square))) = self.peek() else {
            return Err(Stop::Refused);
        };
        self.at += 1;
        let arguments = self.arguments(Kind::Close(bracket))?;
        if is_braced {
            self.expect(Kind::Close(Bracket::Brace))?;
        }
        let value = Node::Call(Function::Named(name), arguments);
        Ok(match exponent {
            Some(exponent) => value.power(exponent),
            None => value,
        })
    }

    /// One atom, or expressions with commas after or between them.
    fn arguments(&mut self, close: Kind) -> Read<Vec<Node>> {
        let atom = self.attempt(|reader| {
            let atom = reader.atom()?;
            reader.expect(close)?;
            Ok(atom)
        })?;
        if let Some(atom) = atom {
            return Ok(vec![atom]);
        }
        let mut arguments = vec![self.expression()?];
        self.expect(Kind::Comma)?;
        while self.peek() != Some(close) {
            arguments.push(self.expression()?);
            if !self.eat(Kind::Comma) {
                break;
            }
        }
        self.expect(close)?;
        Ok(arguments)
    }
}

/// The text of a subscript, as it becomes part of a name.
pub(super) fn subscript(reader: &mut Reader<'_>) -> Read<String> {
    reader.at += 1;
    let mut start = reader.at;
    let mut end;
    if reader.eat(Kind::Open(Bracket::Brace)) {
        start += 1;
        reader.expression()?;
        while reader.eat(Kind::Comma) {
            reader.expression()?;
        }
        end = reader.at;
        reader.expect(Kind::Close(Bracket::Brace))?;
    } else {
        reader.nested(Reader::atom)?;
        end = reader.at;
    }
    end = end.max(start);
    let text: String = (start..end).map(|at| reader.token_text(at)).collect();
    let text = text.trim();
    Ok(if text.chars().count() > 1 { format!("_{{{text}}}") } else { format!("_{text}") })
}

/// A number without a sign.
pub(super) fn number(text: &str) -> Read<Node> {
    if text.len() > MOST_DIGITS {
        return Err(Stop::Unread);
    }
    let parse = |digits: &str| digits.parse::<BigInt>().map_err(|_| Stop::Unread);
    let Some((whole, fraction)) = text.split_once('.') else {
        return Ok(Node::Integer(parse(text)?));
    };
    let digits = format!("{whole}{fraction}");
    let scale = u32::try_from(fraction.len()).map_err(|_| Stop::Unread)?;
    let value = Ratio::new(parse(&digits)?, BigInt::from(10).pow(scale)).ok_or(Stop::Unread)?;
    Ok(Node::Decimal(Decimal { value, n_digits: digits.trim_start_matches('0').len() }))
}

fn scientific(text: &str) -> Read<Node> {
    let (mantissa, exponent) = text.split_once('E').ok_or(Stop::Unread)?;
    let exponent: i64 = exponent.parse().map_err(|_| Stop::Unread)?;
    let scale = Ratio::integer(10).pow(exponent).ok_or(Stop::Unread)?;
    let (value, n_digits) = match number(mantissa)? {
        Node::Decimal(Decimal { value, n_digits }) => (value, n_digits),
        other => (other.as_rational().ok_or(Stop::Unread)?, mantissa.len()),
    };
    let value = value.mul(&scale).ok_or(Stop::Unread)?;
    Ok(Node::Decimal(Decimal { value, n_digits }))
}
