#!/usr/bin/env bash
# evalrun against real servers: llama-cpp-python's, llama.cpp's own (as xllamacpp packs it), and
# LiteLLM's proxy before the first of them.
#   tests/peers/servers/run.sh MODEL.gguf
# llama-cpp-python breaks off a stream when the next request comes, unless it is told not to.
# Each gets the same small task. Printed are the outcome counts, what was not sent, and whether a seed
# gives the same text twice. The virtual environment is made once, in the folder named by PEERS_VENV;
# EVALRUN names a binary that is built already.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
model=$(realpath "$1")
venv=${PEERS_VENV:-$HOME/.cache/evalrun-peers/servers}
if [ ! -x "$venv/bin/litellm" ]; then
  python3 -m venv "$venv"
  # The native build of llama.cpp crashed on a virtual machine whose processor advertises AMX.
  CMAKE_ARGS="-DGGML_NATIVE=OFF -DGGML_AVX=ON -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON" \
    "$venv/bin/pip" install -q --no-binary llama-cpp-python 'llama-cpp-python[server]==0.3.36'
  "$venv/bin/pip" install -q xllamacpp 'litellm[proxy]'
fi
if [ -z "${EVALRUN:-}" ]; then
  (cd "$root" && cargo build -q --release -p harness)
  EVALRUN=$root/target/release/evalrun
fi
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT
wait_for() {
  for _ in $(seq 240); do curl -fs "$1" > /dev/null && return; sleep 0.5; done
  echo "no server at $1" >&2; cat "$work"/*.log >&2; exit 1
}
check() {
  local name=$1 url=$2
  shift 2
  for round in 1 2; do
    (cd "$work" && "$EVALRUN" --task aime25 --split demo -n 2 --max-tokens 48 --top-k 20 \
      --repetition-penalty 1.1 --base-url "$url" --fresh --json --quiet --out "$name-$round" \
      --log "$name.log.txt" "$@" > "$name-$round.json" 2> "$name.err") || { cat "$work/$name.err"; exit 1; }
  done
  python3 - "$work" "$name" <<'PYTHON'
import json, pathlib, sqlite3, sys
work, name = pathlib.Path(sys.argv[1]), sys.argv[2]
texts = []
for turn in (1, 2):
    (path,) = (work / f"{name}-{turn}").glob("*.db")
    with sqlite3.connect(path) as db:
        texts.append(db.execute("SELECT completion FROM turns ORDER BY item_id, sample_idx").fetchall())
        details = json.loads(db.execute("SELECT value FROM run WHERE key = 'plan'").fetchone()[0])["model"]["details"]
summary = json.loads((work / f"{name}-1.json").read_text())
same = sum(a == b for a, b in zip(*texts))
said = [line for line in (work / f"{name}.err").read_text().splitlines() if "not s" in line]
print(f"{name}: {summary['counts']}; tokens {summary['tokens']}; "
      f"first token p50 {summary['serving'].get('first_token_ms', {}).get('p50')} ms; "
      f"{same} of {len(texts[0])} texts the same with the same seed; "
      f"renamed: {details.get('renamed')}; not sent: {details.get('not_sent')}; said: {said}")
PYTHON
}
"$venv/bin/python" -m llama_cpp.server --model "$model" --port 18311 --n_ctx 2048 --interrupt_requests False > "$work/lcp.log" 2>&1 &
pids+=($!)
wait_for http://127.0.0.1:18311/v1/models
check llama-cpp-python http://127.0.0.1:18311/v1
"$venv/bin/litellm" --model openai/m --api_base http://127.0.0.1:18311/v1 --port 18313 > "$work/litellm.log" 2>&1 &
pids+=($!)
wait_for http://127.0.0.1:18313/health/liveliness
check litellm http://127.0.0.1:18313/v1 --model openai/m
"$venv/bin/python" - "$model" > "$work/llama-server.log" 2>&1 <<'PYTHON' &
import sys, time
import xllamacpp as xlc
params = xlc.CommonParams()
params.model.path = sys.argv[1]
params.port, params.n_ctx, params.n_parallel = 18312, 8192, 4
server = xlc.Server(params)
while True:
    time.sleep(60)
PYTHON
pids+=($!)
wait_for http://127.0.0.1:18312/v1/models
check llama-server http://127.0.0.1:18312/v1
