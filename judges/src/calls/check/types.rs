//! The type of an argument against that of its parameter and of the acceptable values.

use num_bigint::BigInt;
use num_traits::ToPrimitive;
use tasks::calls::ParameterType;

use super::Typed;
use crate::calls::value::{Class, Value};
use crate::calls::verdict::{ErrorType, Failure};

/// The class of a parameter's values.
pub(super) fn expected_class(kind: ParameterType) -> Class {
    use ParameterType as P;
    match kind {
        P::String | P::Any | P::Char => Class::Str,
        P::Boolean => Class::Bool,
        P::Byte | P::Short | P::Integer | P::Long | P::BigInt => Class::Int,
        P::Float | P::Double => Class::Float,
        P::Array | P::ArrayList | P::Tuple => Class::List,
        P::Dict | P::HashMap => Class::Dict,
    }
}

/// `float()` of an integer; one that is too large for it stays as it is.
pub(super) fn to_float(number: &BigInt) -> Value {
    let float = number.to_f64().filter(|float| float.is_finite());
    float.map_or_else(|| Value::Int(number.clone()), Value::Float)
}

/// Checks the type, one level deep (`type_checker`). A value that has the type of the first acceptable
/// value instead of the parameter's is a variable.
pub(super) fn check(
    name: &str,
    value: &Value,
    acceptable: &[Value],
    (kind, class, item): (ParameterType, Class, Option<Class>),
) -> Result<Typed, Failure> {
    let answers = first_class(acceptable);
    let mut is_nested_wrong = false;
    if value.class() == class {
        let typed = Typed { is_variable: answers.is_some_and(|answers| answers != class) };
        let fits = item.is_none_or(|item| fits_one(value, acceptable, item));
        if fits {
            return Ok(typed);
        }
        is_nested_wrong = true;
    }
    if is_nested_wrong && answers == Some(value.class()) {
        let reason = format!("`{name}` holds items of another type than {}", value.repr());
        let item = item.map_or("its items", Class::name);
        return Err(Failure::new(ErrorType::TypeNested, format!("{reason}: {item} is expected")));
    }
    if !is_nested_wrong && answers == Some(value.class()) {
        return Ok(Typed { is_variable: true });
    }
    let reason = format!(
        "`{name}` must be of type {} and is a {}: {}",
        kind.name(),
        value.class().name(),
        value.repr()
    );
    Err(Failure::new(ErrorType::TypeSimple, reason))
}

/// The class of the first acceptable value that does not mark the parameter as optional.
fn first_class(acceptable: &[Value]) -> Option<Class> {
    acceptable.iter().find(|answer| !answer.is_empty_str()).map(Value::class)
}

/// Whether the items have the right type beside some acceptable value. One that is no list asks nothing.
fn fits_one(value: &Value, acceptable: &[Value], item: Class) -> bool {
    let items = value.as_list().unwrap_or_default();
    acceptable.iter().any(|answer| match answer.as_list() {
        Some(answers) => {
            let variable = first_class(answers);
            items.iter().all(|value| value.class() == item || Some(value.class()) == variable)
        }
        None => true,
    })
}
