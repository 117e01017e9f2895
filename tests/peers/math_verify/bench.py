"""Times Math-Verify on pairs of answers: microseconds for each pair, parsing included.

Every row's gold answer is parsed again, as a harness that grades one sample at a time does. The first
hundred pairs are not counted, because they load sympy's modules. Time limits are off: they cost threads or
signals for each call and say nothing about the work itself.
"""
import json
import sys
import time

from math_verify import parse, verify

rows = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]


def compare(row):
    gold = parse(f"${row['gold']}$", parsing_timeout=None)
    answer = parse(f"$\\boxed{{{row['pred']}}}$", parsing_timeout=None)
    return verify(gold, answer, timeout_seconds=None)


for row in rows[:100]:
    compare(row)
started = time.perf_counter()
n_equal = sum(compare(row) for row in rows)
micros = (time.perf_counter() - started) * 1e6 / len(rows)
print(f"{micros:.1f} {n_equal} {len(rows)}")
