"""Math-Verify's verdict on an answer in a box. Seconds are the sandbox's concern, so its own time
limits, which need signals, are off."""

from math_verify import parse, verify
from math_verify.parser import ExprExtractionConfig, LatexExtractionConfig

BOXED_FIRST = [LatexExtractionConfig(boxed_match_priority=0), ExprExtractionConfig()]


def equal(gold, answer):
    gold = parse("$" + gold + "$", parsing_timeout=None)
    answer = parse("\\boxed{" + answer + "}", BOXED_FIRST, parsing_timeout=None)
    return bool(verify(gold, answer, timeout_seconds=None))
