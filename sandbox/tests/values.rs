//! Values without an interpreter: the decoder on any bytes, and Python's comparisons.

use num_bigint::BigInt;
use proptest::prelude::*;
use sandbox::value::{Fingerprint, Value, allclose, decode, encode, python_eq};

fn list(values: &[Value]) -> Value {
    Value::List(values.to_vec())
}

fn tuple(values: &[Value]) -> Value {
    Value::Tuple(values.to_vec())
}

fn float(value: f64) -> Value {
    Value::Float(value)
}

fn int(value: i64) -> Value {
    Value::int(value)
}

fn subclass(base: Value) -> Value {
    Value::Subclass { type_name: "Mine".to_owned(), base: Box::new(base) }
}

fn numpy(value: Value) -> Value {
    Value::NumpyScalar { dtype: "float64".to_owned(), value: Box::new(value) }
}

#[test]
fn equality_is_pythons() {
    let check = |left: Value, right: Value, expected: bool| {
        assert_eq!(python_eq(&left, &right), expected, "{left:?} == {right:?}");
        assert_eq!(python_eq(&right, &left), expected, "{right:?} == {left:?}");
        let (left, right) = (Fingerprint::of(&left), Fingerprint::of(&right));
        assert_eq!(left.equals(&right), expected, "fingerprints");
    };
    let two_to_53 = 1_i64 << 53;
    check(int(1), float(1.0), true);
    check(int(1), Value::Bool(true), true);
    check(float(0.0), float(-0.0), true);
    check(int(1), Value::Complex(1.0, 0.0), true);
    check(int(1), Value::Complex(1.0, 1.0), false);
    check(numpy(float(1.0)), int(1), true);
    check(numpy(Value::str("a")), Value::str("a"), true);
    check(int(two_to_53 + 1), float(9_007_199_254_740_992.0), false);
    check(int(two_to_53), float(9_007_199_254_740_992.0), true);
    check(Value::Int(BigInt::from(10).pow(400)), float(f64::INFINITY), false);
    check(float(f64::INFINITY), float(f64::INFINITY), true);
    check(float(f64::NAN), float(f64::NAN), false);
    check(list(&[float(f64::NAN)]), list(&[float(f64::NAN)]), false);
    check(list(&[int(1)]), tuple(&[int(1)]), false);
    check(list(&[int(1), int(2)]), list(&[int(1)]), false);
    check(Value::str("a"), Value::Bytes(b"a".to_vec()), false);
    check(Value::None, Value::Bool(false), false);
    check(Value::Set(vec![int(1), int(2)]), Value::FrozenSet(vec![float(2.0), int(1)]), true);
    check(Value::Set(vec![int(1)]), list(&[int(1)]), false);
    let pairs = |value| vec![(int(1), value), (Value::str("k"), Value::None)];
    let reversed = vec![(Value::str("k"), Value::None), (Value::Bool(true), float(5.0))];
    check(Value::Dict(pairs(int(5))), Value::Dict(reversed), true);
    check(Value::Dict(pairs(int(5))), Value::Dict(pairs(int(6))), false);
    check(subclass(tuple(&[int(1)])), tuple(&[int(1)]), true);
    check(subclass(int(1)), Value::Bool(true), true);
    let other = || Value::Other { type_name: "int".to_owned() };
    check(other(), other(), false);
}

#[test]
fn closeness_is_numpys() {
    let check = |actual: Value, expected: Value, close: bool| {
        assert_eq!(allclose(&actual, &expected, 1e-7, 1e-6), close, "{actual:?} {expected:?}");
    };
    check(float(1.000_001), float(1.0), true);
    check(float(1.000_01), float(1.0), false);
    check(int(100_000_001), int(100_000_000), true);
    check(Value::Bool(true), float(1.0), true);
    check(float(f64::INFINITY), float(f64::INFINITY), true);
    check(float(1.0), float(f64::INFINITY), false);
    check(float(f64::INFINITY), float(1.0), false);
    check(float(f64::NAN), float(f64::NAN), false);
    check(list(&[float(1.0), int(2)]), list(&[int(1), float(2.0)]), true);
    check(list(&[]), list(&[]), true);
    check(
        list(&[tuple(&[int(1)]), tuple(&[int(2)])]),
        list(&[list(&[int(1)]), list(&[int(2)])]),
        true,
    );
    check(list(&[list(&[int(1)]), list(&[])]), list(&[list(&[int(1)]), list(&[])]), false);
    check(list(&[Value::None]), list(&[Value::None]), false);
    check(Value::str("1"), Value::str("1"), false);
    check(float(1.0), list(&[float(1.0), float(1.0)]), true);
    check(list(&[int(1), int(2)]), list(&[int(1)]), false);
}

#[test]
fn long_items_and_numbers_have_fingerprints_too() {
    let check = |left: Value, right: Value, same: bool| {
        let found = Fingerprint::of(&left).equals(&Fingerprint::of(&right));
        assert_eq!(found, same, "{} {}", left.type_name(), right.type_name());
        assert_eq!(python_eq(&left, &right), same);
    };
    let text = |end: &str| Value::str(&format!("{}{end}", "long ".repeat(100)));
    let set = |items: &[Value]| Value::Set(items.to_vec());
    check(set(&[text("a"), text("b")]), set(&[text("b"), text("a")]), true);
    check(set(&[text("a"), text("b")]), set(&[text("a"), text("c")]), false);
    check(set(&[text("a")]), Value::FrozenSet(vec![text("a")]), true);
    let dict = |value: &str| Value::Dict(vec![(Value::int(1), text(value))]);
    check(dict("a"), dict("a"), true);
    check(dict("a"), dict("b"), false);
    let power = |n: u32| Value::int(BigInt::from(2).pow(n));
    check(Value::Float(2_f64.powi(1000)), power(1000), true);
    check(power(1000), power(1001), false);
    check(Value::Float(-2_f64.powi(1000)), power(1000), false);
}

/// Values of the types that can be handed to a program, NaN aside.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::int),
        any::<i128>().prop_map(|n| Value::Int(BigInt::from(n) * BigInt::from(n))),
        any::<f64>().prop_filter("NaN equals nothing", |x| !x.is_nan()).prop_map(Value::Float),
        ".{0,8}".prop_map(|text| Value::str(&text)),
        any::<Vec<u8>>().prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        let some = || proptest::collection::vec(inner.clone(), 0..5);
        prop_oneof![
            some().prop_map(Value::List),
            some().prop_map(Value::Tuple),
            proptest::collection::vec((".{0,4}", inner.clone()), 0..2).prop_map(|pairs| {
                let pair = |(key, value): (String, Value)| (Value::str(&key), value);
                Value::Dict(pairs.into_iter().take(1).map(pair).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_decode_or_are_refused(bytes: Vec<u8>) {
        if let Ok(value) = decode(&bytes) {
            Fingerprint::of(&value);
            python_eq(&value, &value);
        }
    }

    #[test]
    fn any_bytes_like_a_message_decode_or_are_refused(
        bytes in proptest::collection::vec(
            prop_oneof![proptest::sample::select(b"NTFiglsyuzZ[()<>{0Knmko\x00\x01\x02\xff".to_vec()), any::<u8>()],
            0..200,
        ),
    ) {
        drop(decode(&bytes));
    }

    #[test]
    fn a_message_cut_short_is_refused(value in values(), keep in 0.0..1.0) {
        let bytes = encode(&value).unwrap();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below the length")]
        let n_bytes = (bytes.len() as f64 * keep) as usize;
        prop_assert!(decode(&bytes[..n_bytes]).is_err());
    }

    #[test]
    fn what_is_encoded_decodes_to_an_equal_value(value in values()) {
        let back = decode(&encode(&value).unwrap()).unwrap();
        prop_assert!(python_eq(&value, &back));
        prop_assert!(Fingerprint::of(&value).equals(&Fingerprint::of(&back)));
    }

    #[test]
    fn fingerprints_agree_with_equality(left in values(), right in values()) {
        let same = Fingerprint::of(&left).equals(&Fingerprint::of(&right));
        prop_assert_eq!(python_eq(&left, &right), same);
    }
}
