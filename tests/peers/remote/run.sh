#!/usr/bin/env bash
# The same requests to the same server, through evalrun, lm-evaluation-harness and Inspect.
#   tests/peers/remote/run.sh [N_REQUESTS] [DELAY_MS]
# The server is the fake one of this tree: it answers every request after DELAY_MS. Each program runs
# with each number of concurrent requests below, from process start to process end, and its best run
# by wall time counts. The virtual environment is made once, in the folder named by PEERS_VENV;
# EVALRUN and FAKE_OPENAI name binaries that are built already.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
n_requests=${1:-2000}
delay_ms=${2:-100}
venv=${PEERS_VENV:-$HOME/.cache/evalrun-peers/remote}
if [ ! -x "$venv/bin/inspect" ] || [ ! -x "$venv/bin/lm_eval" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q 'lm-eval[api]==0.4.13' inspect-ai==0.3.285 openai==3.54.0
fi
if [ -z "${EVALRUN:-}" ] || [ -z "${FAKE_OPENAI:-}" ]; then
  (cd "$root" && cargo build -q --release --workspace --bins)
  EVALRUN=$root/target/release/evalrun FAKE_OPENAI=$root/target/release/fake_openai
fi
work=$(mktemp -d)
"$FAKE_OPENAI" --delay-ms "$delay_ms" --forgetful > "$work/url" &
server=$!
trap 'kill $server; rm -rf "$work"' EXIT
until [ -s "$work/url" ]; do sleep 0.1; done
"$venv/bin/python" "$here/bench.py" "$EVALRUN" "$venv/bin" "$(cat "$work/url")" "$work" "$n_requests" "$delay_ms"
