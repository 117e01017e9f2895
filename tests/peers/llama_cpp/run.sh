#!/usr/bin/env bash
# Embedded model against llama.cpp, side by side: same file, same threads, same shape of work; and
# against llama.cpp with the same model in its fastest formats.
#   tests/peers/llama_cpp/run.sh MODEL.gguf [N_THREADS]
# The virtual environment is made once, in the folder named by PEERS_VENV. The native build of
# llama.cpp crashed on a virtual machine whose processor advertises AMX, so the flags are explicit.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
model=$(realpath "$1")
threads=${2:-2}
venv=${PEERS_VENV:-$HOME/.cache/evalrun-peers/llama_cpp}
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import llama_cpp' 2>/dev/null; then
  python3 -m venv "$venv"
  flags="-DGGML_NATIVE=OFF -DGGML_AVX=ON -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON"
  if grep -q avx512_vnni /proc/cpuinfo; then
    flags="$flags -DGGML_AVX512=ON -DGGML_AVX512_VNNI=ON -DGGML_AVX512_VBMI=ON"
  fi
  CMAKE_ARGS="$flags" "$venv/bin/pip" install -q --no-binary llama-cpp-python llama-cpp-python==0.3.36 numpy
fi
formats=$(mktemp -d)
trap 'rm -rf "$formats"' EXIT
theirs() { "$venv/bin/python" "$here/bench.py" "$1" "$threads"; }
for kind in q4_0 f16; do
  "$venv/bin/python" "$here/bench.py" requantise "$model" "$formats/$kind.gguf" $kind
done
ours() { (cd "$here/../../.." && cargo bench -q -p harness --bench decode -- "$1" "$threads" | tail -n 1); }
python3 - "$(ours "$model")" "$(theirs "$model")" "$(theirs "$formats/q4_0.gguf")" "$(theirs "$formats/f16.gguf")" <<'PYTHON'
import json, sys
ours, same, *others = map(json.loads, sys.argv[1:])
best = {name: max([same, *others], key=lambda rates: rates[name])[name] for name in same}
best["peak_MiB"] = min(rates["peak_MiB"] for rates in [same, *others])
head = ["tokens/s", "evalrun", "same file", "Q4_0", "F16", "/ same", "/ best"]
print("{:>10} {:>9} {:>9} {:>9} {:>9} {:>7} {:>7}".format(*head))
for name in ours:
    cells = [ours[name], same[name], *(rates[name] for rates in others)]
    ratios = [ours[name] / same[name], ours[name] / best[name]]
    print(f"{name:>10} " + " ".join(f"{cell:>9.1f}" for cell in cells)
          + " " + " ".join(f"{ratio:>7.2f}" for ratio in ratios))
PYTHON
