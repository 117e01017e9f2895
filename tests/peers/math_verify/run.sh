#!/usr/bin/env bash
# Our native equivalence check against Math-Verify, side by side: microseconds for each pair of answers.
#   tests/peers/math_verify/run.sh PAIRS.jsonl
# PAIRS has rows of `gold` and `pred`. The virtual environment is made once, in the folder named by
# PEERS_VENV. COMPARE names our timing program (`cargo build --release --workspace` makes it).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
pairs=$(realpath "$1")
compare=${COMPARE:-$here/../../../target/release/compare_math}
venv=${PEERS_VENV:-$HOME/.cache/evalrun-peers/math_verify}
if ! "$venv/bin/python" -c 'import math_verify' 2>/dev/null; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q 'math-verify[antlr4_13_2]==0.9.0' latex2sympy2_extended==1.11.0 sympy==1.14.0
fi
printf '%8s %18s %18s %8s\n' pairs 'native µs/pair' 'Math-Verify µs' ratio
for _ in 1 2 3; do
  read -r ours n_answered n_pairs <<< "$("$compare" "$pairs" 20)"
  read -r theirs _ _ <<< "$("$venv/bin/python" "$here/bench.py" "$pairs" 2>/dev/null)"
  printf '%8s %18s %18s %8s\n' "$n_pairs" "$ours" "$theirs" "$(echo "$theirs / $ours" | bc)"
done
echo "the native check answered $n_answered of $n_pairs pairs by itself"
