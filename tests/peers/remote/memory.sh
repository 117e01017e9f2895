#!/usr/bin/env bash
# Peak memory of a run against the number of its samples: it should not grow with them.
#   tests/peers/remote/memory.sh [KIB_PER_COMPLETION] [N_SAMPLES…]
# Four items of the demo split share the samples. EVALRUN and FAKE_OPENAI name binaries that are built
# already. Run files are removed after each run; the largest needs N_SAMPLES times the text on disk.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
kib=${1:-128}
shift || true
[ $# -gt 0 ] || set -- 1000 4000 16000
if [ -z "${EVALRUN:-}" ] || [ -z "${FAKE_OPENAI:-}" ]; then
  (cd "$root" && cargo build -q --release --workspace --bins)
  EVALRUN=$root/target/release/evalrun FAKE_OPENAI=$root/target/release/fake_openai
fi
work=$(mktemp -d)
"$FAKE_OPENAI" --filler-bytes $((kib * 1024)) --pieces 64 --forgetful > "$work/url" &
server=$!
trap 'kill $server; rm -rf "$work"' EXIT
until [ -s "$work/url" ]; do sleep 0.1; done
for n in "$@"; do
  python3 - "$EVALRUN" "$(cat "$work/url")" "$work" "$n" "$kib" <<'PYTHON'
import os, shutil, sys, time
evalrun, url, work, n, kib = sys.argv[1:]
out = f"{work}/out"
command = [evalrun, "--task", "aime25", "--split", "demo", "-n", str(int(n) // 4), "--base-url", url,
           "--model", "m", "--concurrency", "64", "--quiet", "--out", out]
started = time.monotonic()
devnull = os.open(os.devnull, os.O_WRONLY)
pid = os.posix_spawnp(command[0], command, os.environ,
                      file_actions=[(os.POSIX_SPAWN_DUP2, devnull, 1)])
_, status, usage = os.wait4(pid, 0)
wall = time.monotonic() - started
size = sum(os.path.getsize(f"{out}/{name}") for name in os.listdir(out)) / 2**20
shutil.rmtree(out)
print(f"{n:>7} samples of {kib} KiB: {usage.ru_maxrss / 1024:7.1f} MiB at most, run file {size:8.1f} MiB, "
      f"{wall:6.1f} s wall, {usage.ru_utime + usage.ru_stime:6.1f} s processor, status {status}", flush=True)
PYTHON
done
