//! Units after a number, which Math-Verify drops whatever they are.

use std::sync::LazyLock;

use regex::Regex;

use super::clean::pattern;

/// The unit words of latex2sympy2-extended 1.11.0 (`math_normalization.py`), as patterns: a dot
/// stands for any character there. Two of its words are one by a missing comma.
const UNITS: &str = "integerpoint|feet|sue|digit|pound|meal|edge|student|children ticket|multiple|\
east|degree|mph|kmph|ft|m square| m east|sq m|deg|mile|q .|monkey|prime|ratio|profit of rs|rd|o|gm|\
p . m|lb|tile|per|dm|lt|gain|ab|way|west|a .|b .|c .|d .|e .|f .|g .|h .|t|h|no change|men|soldier|\
pie|bc|excess|st|inches|noon|cent|by|gal|kmh|c|acre|rise|a . m|th|π r 2|sq|mark|l|toy|coin|\
sq . m|gallon|° f|profit|minw|yr|women|am|pm|hr|cu cm|square|v â € ™|are|rupee|rounds|cubic|cc|\
mtr|s|ohm|number|day|hour|minute|min|second|man|woman|sec|cube|mt|sq inch|mp|∏ cm ³|hectare|more|\
unit|cu . m|cm 2|rs .|rs|kg|g|month|km|m|cm|mm|apple|liter|loss|yard|pure|year|increase|decrease|\
d|less|Surface|litre|pi sq m|s .|metre|meter|inch";

static WORD: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"([0-9]|\}}|\s)\s*(?:{UNITS})(?:s|es)?\s*$")));

static GROUP: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\\(?:text|mbox)\{.*?\}(?:\^[0-9]|\{\^[0-9]\})?$"));

/// Drops everything from the first `\text{` or `\mbox{` of a text that ends in such a group, then
/// up to two unit words; a step that would leave nothing is not taken.
pub(super) fn drop_units(text: String) -> String {
    let mut text = text;
    if text.contains(r"\text{") || text.contains(r"\mbox{") {
        let shorter = GROUP.replace(&text, "").trim().to_owned();
        if !shorter.is_empty() {
            text = shorter;
        }
    } else if !text.trim().is_empty() {
        text = text.trim().to_owned();
    }
    for _ in 0..2 {
        if !text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            break;
        }
        let shorter = WORD.replace(&text, "$1");
        if !shorter.is_empty() && shorter != text {
            text = shorter.into_owned();
        }
    }
    text
}
