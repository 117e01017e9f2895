//! `format % values` of a text, for the conversions that arguments use.

use num_traits::ToPrimitive;

use super::value::Value;

/// The widest field and the most decimals.
const MAX_WIDTH: usize = 1_000;

/// A conversion: `%-08.3f`.
struct Conversion {
    is_left: bool,
    is_zero: bool,
    is_signed: bool,
    width: usize,
    precision: Option<usize>,
    kind: char,
}

/// The formatted text; `None` where Python raises an exception, and for `%g`, `%e`, `%a`, `%#x`, `%*d`
/// and `%(name)s`, which are not computed here, and for a text of more than `max_bytes`.
pub(super) fn format(format: &str, values: &Value, max_bytes: usize) -> Option<String> {
    let values = match values {
        Value::Tuple(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    let mut values = values.iter();
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let conversion = conversion(&mut chars)?;
        if conversion.kind == '%' {
            out.push('%');
        } else {
            out.push_str(&conversion.apply(values.next()?)?);
        }
        if out.len() > max_bytes {
            return None;
        }
    }
    if out.len() > max_bytes {
        return None;
    }
    // A dictionary or list may stay unused; anything else must be used up.
    matches!(values.as_slice(), [] | [Value::Dict(_) | Value::List(_)]).then_some(out)
}

fn conversion(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Conversion> {
    let mut found = Conversion {
        is_left: false,
        is_zero: false,
        is_signed: false,
        width: 0,
        precision: None,
        kind: '%',
    };
    while let Some(flag) = chars.next_if(|c| matches!(c, '-' | '0' | '+')) {
        match flag {
            '-' => found.is_left = true,
            '0' => found.is_zero = true,
            _ => found.is_signed = true,
        }
    }
    found.width = digits(chars)?;
    if chars.next_if_eq(&'.').is_some() {
        found.precision = Some(digits(chars)?);
    }
    found.kind = chars.next()?;
    Some(found)
}

/// The number that follows, zero where none does; `None` beyond [`MAX_WIDTH`].
fn digits(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<usize> {
    let mut number = 0;
    while let Some(digit) = chars.next_if(char::is_ascii_digit) {
        number = number * 10 + digit.to_digit(10)? as usize;
        if number > MAX_WIDTH {
            return None;
        }
    }
    Some(number)
}

/// One character, or that of a code point.
fn character(value: &Value) -> Option<String> {
    match value {
        Value::Str(text) if text.chars().count() == 1 => Some(text.clone()),
        Value::Int(code) => char::from_u32(code.to_u32()?).map(String::from),
        _ => None,
    }
}

impl Conversion {
    fn apply(&self, value: &Value) -> Option<String> {
        let text = match self.kind {
            's' => self.cut(value.to_text()),
            'r' => self.cut(value.repr()),
            'c' => character(value)?,
            'd' | 'i' | 'u' => self.signed(match value {
                Value::Bool(flag) => u8::from(*flag).to_string(),
                Value::Int(number) => number.to_string(),
                Value::Float(number) => {
                    format!("{:.0}", Some(number.trunc()).filter(|x| x.is_finite())?)
                }
                _ => return None,
            }),
            'x' | 'X' | 'o' => {
                let Value::Int(number) = value else { return None };
                let digits = number.to_str_radix(if self.kind == 'o' { 8 } else { 16 });
                self.signed(if self.kind == 'X' { digits.to_uppercase() } else { digits })
            }
            'f' | 'F' => {
                let number = match value {
                    Value::Bool(flag) => f64::from(u8::from(*flag)),
                    Value::Int(number) => number.to_f64()?,
                    Value::Float(number) => *number,
                    _ => return None,
                };
                let finite = Some(number).filter(|number| number.is_finite())?;
                self.signed(format!("{finite:.*}", self.precision.unwrap_or(6)))
            }
            _ => return None,
        };
        Some(self.padded(text))
    }

    fn cut(&self, text: String) -> String {
        match self.precision {
            Some(n) => text.chars().take(n).collect(),
            None => text,
        }
    }

    fn signed(&self, digits: String) -> String {
        if self.is_signed && !digits.starts_with('-') { format!("+{digits}") } else { digits }
    }

    fn padded(&self, text: String) -> String {
        let n_missing = self.width.saturating_sub(text.chars().count());
        let is_number = !matches!(self.kind, 's' | 'r' | 'c');
        if self.is_left {
            return text + &" ".repeat(n_missing);
        }
        if self.is_zero && is_number {
            let (sign, digits) = text.split_at(usize::from(text.starts_with(['-', '+'])));
            return format!("{sign}{}{digits}", "0".repeat(n_missing));
        }
        " ".repeat(n_missing) + &text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_formatted_as_python_formats_them() {
        let check = |text: &str, values: &Value, expected: Option<&str>| {
            assert_eq!(format(text, values, 50).as_deref(), expected, "{text} {values:?}");
        };
        let pair = Value::Tuple(vec![Value::str("a"), Value::int(5)]);
        check("%s-%03d", &pair, Some("a-005"));
        check("%s", &pair, None);
        check("%s", &Value::Float(1.0), Some("1.0"));
        check("100%%", &Value::Tuple(vec![]), Some("100%"));
        check(
            "%.2f|%5s",
            &Value::Tuple(vec![Value::Float(2.345), Value::str("x")]),
            Some("2.35|    x"),
        );
        check("%d", &Value::str("5"), None);
        check("plain", &Value::str("x"), None);
        check("%", &Value::str("x"), None);
        check("%9999999999999d", &Value::int(1), None);
        check("%x", &Value::int(255), Some("ff"));
        check("%60d", &Value::int(1), None);
    }
}
