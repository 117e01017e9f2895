#!/usr/bin/env bash
# `evalrun score` against EvalPlus 0.3.1, side by side: same samples, same data, warm caches, all
# cores each.
#   tests/peers/evalplus/run.sh humaneval_plus|mbpp_plus DATASET.jsonl[.gz] SAMPLES.jsonl [N_WORKERS]
# Lines of SAMPLES have `task_id` and `solution`; those of another data set are left out. The virtual
# environment is made once, in the folder named by PEERS_VENV; EVALRUN names the binary.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
task=$1
data=$(realpath "$2")
samples=$(realpath "$3")
workers=${4:-$(nproc)}
evalrun=${EVALRUN:-$here/../../../target/release/evalrun}
venv=${PEERS_VENV:-$HOME/.cache/evalrun-peers/evalplus}
if ! "$venv/bin/python" -c 'import evalplus' 2>/dev/null; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q evalplus==0.3.1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case $data in
  *.gz) gzip -dc "$data" > "$work/data.jsonl" ;;
  *) cp "$data" "$work/data.jsonl" ;;
esac
"$venv/bin/python" "$here/bench.py" compare "$task" "$work/data.jsonl" "$samples" "$workers" "$evalrun"
