//! Verdicts on pairs, and properties of all of them.

use proptest::prelude::*;

use super::Equivalence::{Different, Equal, Unsure};
use super::{Equivalence, compare, normal_form};

fn check(gold: &str, answer: &str, expected: Equivalence) {
    assert_eq!(compare(gold, answer), expected, "{gold:?} against {answer:?}");
}

#[test]
fn numbers() {
    check("10080", r"10,\!080", Equal);
    check("10080", "10{,}080", Equal);
    check("073", "73", Equal);
    check("123456789012345678901234567890", "123456789012345678901234567890.0", Equal);
    check("1.25", r"\frac54", Equal);
    check(r"\frac{14}{3}", "4.666667", Equal);
    check(r"\frac{14}{3}", "4.6667", Different);
    check("1000", "1000.05", Different);
    check("3", "3.0000001", Different);
    check(r"1\frac{4}{5}", "9/5", Equal);
    check("52_8", "52", Equal);
    check("73", "7 3", Different);
}

#[test]
fn percentages_and_units() {
    check("0.15", r"15\%", Equal);
    check("2,3", r"2,3\%", Unsure);
    check(r"\{2,3\}", r"\{2\%,3\}", Unsure);
    check("(2,3)", r"(2\%,3)", Unsure);
    check("[2,3]", r"[2\%,3]", Unsure);
    check(r"\begin{pmatrix}2\\3\end{pmatrix}", r"\begin{pmatrix}2\%\\3\end{pmatrix}", Unsure);
    check("15", r"15\%", Equal);
    check("0.15", "15", Different);
    check("15", "1500", Different);
    check(r"864 \mbox{ inches}^2", "864", Equal);
    check(r"90^\circ", "90", Equal);
    check(r"90^\circ", r"\frac{\pi}{2}", Different);
    check(r"\$36", r"36 \text{ dollars}", Equal);
}

#[test]
fn radicals_and_constants() {
    check(r"\sqrt{50}", r"5\sqrt2", Equal);
    check(r"\frac{1}{1+\sqrt2}", r"\sqrt2-1", Equal);
    check(r"\sqrt[3]{16}", r"2\sqrt[3]{2}", Equal);
    check(r"\sqrt{2}+\sqrt{3}", r"\sqrt{5}", Different);
    check(r"2\pi", "6.283185", Equal);
    check(r"2\pi", "6.28", Different);
    check(r"\log_2 8", "3", Equal);
    check("2^{100}", "1267650600228229401496703205376", Equal);
}

#[test]
fn polynomials_and_equations() {
    check("x^2-1", "(x-1)(x+1)", Equal);
    check(r"\frac{x^2-1}{x-1}", "x+1", Equal);
    check("x^2-1", "x^2+1", Different);
    check("x=5", "5", Equal);
    check("5", "x = 2 + 3 = 5", Equal);
    check("x^2=4", "x=2", Unsure);
    check("5x - 7y + 11z + 4 = 0", "10x - 14y + 22z + 8 = 0", Equal);
    check("y = 2x + 3", "y = 2x + 4", Different);
    check("x > 5", "5 < x", Equal);
    check("4 i", "4i", Different);
}

#[test]
fn collections() {
    check("3,5,7", "7,5,3", Equal);
    check("(3,7)", "7,3", Different);
    check("(2,4)", "[2,4]", Different);
    check("(3,4]", "(3,4)", Different);
    check(r"(0,9)\cup(9,36)", r"(9,36)\cup(0,9)", Equal);
    check(r"1 \pm \sqrt{19}", r"1-\sqrt{19}, 1+\sqrt{19}", Equal);
    check("x>5", r"(5,\infty)", Equal);
    check(r"(5,\infty)", "x>5", Different);
    check(r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{bmatrix}1\\\frac42\end{bmatrix}", Equal);
    check(r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1&2\end{pmatrix}", Different);
}

#[test]
fn words() {
    check(r"\text{east}", "East", Equal);
    check(r"\text{(C)}", "C", Equal);
    check(r"\text{(C)}", "B", Different);
    check(r"\text{east}", r"\text{west}", Different);
    check(r"\infty", "infinity", Equal);
}

#[test]
fn hostile_answers_are_bounded() {
    for text in [
        "{".repeat(100_000),
        "{".repeat(2000) + "1" + &"}".repeat(2000),
        "(".repeat(300) + "1" + &")".repeat(300),
        r"\frac{".repeat(500),
        "1".repeat(10_000_000),
        "9".repeat(4000),
        r"\sqrt{".repeat(60) + "2" + &"}".repeat(60),
        "10^{10^{10}}".to_owned(),
        "9^{9^{9^{9}}}".to_owned(),
        "(1+x)^{1000000}".to_owned(),
        "(a+b+c+d+e+f+g+h)^{60}".to_owned(),
        "1000000!".to_owned(),
        r"\binom{100000000}{50000000}".to_owned(),
        "1E999999999".to_owned(),
        "|".repeat(300),
        "２３".to_owned(),
        "−٣".to_owned(),
        r"\boxed{".repeat(400),
        "\\".repeat(4000),
        "((((1,2),3),4),5)".repeat(50),
    ] {
        assert_ne!(compare("7", &text), Equal);
        assert_ne!(compare(&text, "7"), Equal);
        let _ = normal_form(&text);
    }
}

#[test]
fn votes_group_equal_answers() {
    fn check(answers: &[&str]) {
        let forms: Vec<String> = answers.iter().map(|answer| normal_form(answer)).collect();
        assert!(forms.windows(2).all(|pair| pair[0] == pair[1]), "{forms:?}");
    }
    check(&["0.5", r"\frac12", r"\dfrac{2}{4}", "1/2", "x = 0.50"]);
    check(&["2,1", r"\{1, 2\}", r"1 \text{ and } 2"]);
    check(&[r"\text{east}", "East"]);
    check(&["52_8", "52", r"52\text{ cm}"]);
    check(&["(x-1)(x+1)", "x^2-1"]);
    assert_ne!(normal_form("(1,2)"), normal_form("(2,1)"));
    assert_ne!(normal_form("[1,2]"), normal_form("(1,2)"));
}

/// Texts that look like answers, well formed or not.
fn answers() -> impl Strategy<Value = String> {
    let pieces = [
        "1",
        "23",
        "0.5",
        "x",
        "y",
        "i",
        "e",
        "+",
        "-",
        "*",
        "/",
        "^",
        "_",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ";",
        "=",
        "<",
        "|",
        "!",
        "%",
        " ",
        r"\frac",
        r"\sqrt",
        r"\pi",
        r"\text{a}",
        r"\{",
        r"\}",
        r"\cup",
        r"\infty",
        r"\pm",
        r"\sin",
        r"\log",
        r"\left(",
        r"\right)",
        r"\%",
        "²",
        "٣",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..24)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn nothing_panics(gold in answers(), answer in answers()) {
        let _ = compare(&gold, &answer);
        let _ = normal_form(&answer);
    }

    #[test]
    fn any_text_is_compared(gold in ".{0,60}", answer in ".{0,60}") {
        let _ = compare(&gold, &answer);
    }

    #[test]
    fn fractions_equal_their_multiples(top in -999i64..999, bottom in 1i64..999, factor in 1i64..50) {
        let (gold, scaled) = (
            format!(r"\frac{{{top}}}{{{bottom}}}"),
            format!(r"\frac{{{}}}{{{}}}", top * factor, bottom * factor),
        );
        prop_assert_eq!(compare(&gold, &scaled), Equal);
        prop_assert_eq!(normal_form(&gold), normal_form(&scaled));
        let off = format!(r"\frac{{{}}}{{{}}}", top * factor + 1, bottom * factor);
        prop_assert_eq!(compare(&gold, &off), Different);
    }

    #[test]
    fn surds_equal_their_squares(outside in 1i64..99, inside in 2i64..99) {
        let (gold, merged) = (
            format!(r"{outside}\sqrt{{{inside}}}"),
            format!(r"\sqrt{{{}}}", outside * outside * inside),
        );
        prop_assert_eq!(compare(&gold, &merged), Equal);
        prop_assert_eq!(normal_form(&gold), normal_form(&merged));
    }

    #[test]
    fn products_equal_their_expansion(a in -9i64..9, b in -9i64..9) {
        let gold = format!("x^2+{}x+{}", a + b, a * b).replace("+-", "-");
        let factored = format!("(x+{a})(x+{b})").replace("+-", "-");
        prop_assert_eq!(compare(&gold, &factored), Equal);
    }
}
