#!/usr/bin/env bash
# Our BFCL scorer against upstream's, side by side: every single-turn entry, both with their start-up.
#   tests/peers/bfcl/run.sh
# The virtual environment is made once, in the folder named by PEERS_VENV; it has `bfcl-eval` and what
# its scorer imports, without vendors' client libraries. EVALRUN names our binary.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
evalrun=${EVALRUN:-$here/../../../target/release/evalrun}
venv=${PEERS_VENV:-$HOME/.cache/evalrun-peers/bfcl}
if ! "$venv/bin/python" -c 'import bfcl_eval, tree_sitter_java, pandas' 2>/dev/null; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q --no-deps bfcl-eval==2026.3.23
  "$venv/bin/pip" install -q tree-sitter==0.21.3 tree-sitter-java==0.21.0 tree-sitter-javascript==0.21.4 \
    'numpy<2' pandas tqdm filelock python-dotenv tenacity overrides mpmath==1.3.0 networkx==3.3
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$venv/bin/python" "$here/upstream.py" make "$out/results"
seconds() {
  local started
  started=$(date +%s.%N)
  "$@" >&2
  echo "$(date +%s.%N) - $started" | bc
}
# The first run of each warms the file cache; the second is timed.
theirs() { rm -rf "$out/scores"; "$venv/bin/python" "$here/upstream.py" score "$out/results" "$out/theirs.jsonl" >"$out/log"; }
ours() { "$evalrun" score --task bfcl --mode prompting --samples "$out/results" --out "$out/ours.jsonl" >"$out/table"; }
theirs; ours
theirs_s=$(seconds theirs)
ours_s=$(seconds ours)
python3 - "$ours_s" "$theirs_s" "$out/ours.jsonl" "$out/theirs.jsonl" <<'PYTHON'
import json, sys
ours_s, theirs_s = map(float, sys.argv[1:3])
ours, failures = (list(map(json.loads, open(path))) for path in sys.argv[3:5])
theirs = {row["id"]: row["error_type"] for row in failures}
differ = [row["id"] for row in ours if row["error_type"] != theirs.get(row["id"])]
print(f"{'entries':>8} {'evalrun s':>10} {'upstream s':>11} {'ratio':>7}")
print(f"{len(ours):>8} {ours_s:>10.3f} {theirs_s:>11.3f} {theirs_s / ours_s:>7.1f}")
print(f"entries with another verdict or error type: {differ or 'none'}")
PYTHON
