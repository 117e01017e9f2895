#!/usr/bin/env bash
# Reads every interchange format back with the program it is written for, from the package index:
#
#   tests/peers/exports/run.sh EVALRUN RUN_FILE [PYTHON]
#
# PYTHON (3.12 or later, for Every Eval Ever) makes a virtual environment in the cache folder once.
set -euo pipefail
evalrun=${1:?usage: run.sh EVALRUN RUN_FILE [PYTHON]}
run_file=${2:?usage: run.sh EVALRUN RUN_FILE [PYTHON]}
python=${3:-python3}
here=$(cd "$(dirname "$0")" && pwd)
venv=${EVALRUN_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/evalrun-peers}/exports
if [ ! -x "$venv/bin/every_eval_ever" ]; then
  "$python" -m venv "$venv"
  "$venv/bin/pip" install --quiet inspect_ai==0.3.285 lm_eval==0.4.13 every-eval-ever==0.3.0 \
    huggingface_hub==1.33.0 pyarrow
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
write() { "$evalrun" report "$run_file" --format "$1" --output "$out/$2" "${@:3}"; }
write json summary.json
# Inspect finds JSON logs by names of this kind.
log=2026-01-01T00-00-00+00-00_task_id.json
write inspect "$log"
write lm-eval results_2026-01-01T00-00-00.json
write every-eval-ever record.json
write hf-eval-results results.yaml --hf-dataset owner/name:task
write jsonl samples.jsonl
write junit junit.xml
"$evalrun" report "$run_file" --format parquet --output "$out/samples.parquet" || echo "parquet: not in this build"
"$venv/bin/python" "$here/read_back.py" "$out"
# The converters of Every Eval Ever read the other two formats; its validator judges all three records.
for source in lm_eval inspect; do
  file=$out/$log
  [ "$source" = inspect ] || file=$out/results_2026-01-01T00-00-00.json
  "$venv/bin/every_eval_ever" convert "$source" --log_path "$file" --output_dir "$out/from_$source" \
    --source_organization_name unknown --evaluator_relationship other > "$out/$source.txt" 2>&1 \
    || { tail -20 "$out/$source.txt"; exit 1; }
  echo "every_eval_ever: converted $source: $(find "$out/from_$source" -name '*.json' | wc -l) record(s)"
done
# The validator wants a record where the collection keeps it: data/BENCHMARK/DEVELOPER/MODEL/UUID.json.
model=$("$venv/bin/python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["model_info"]["id"])' "$out/record.json")
name=$("$venv/bin/python" -c 'import uuid; print(uuid.uuid4())')
mkdir -p "$out/data/benchmark/$model"
cp "$out/record.json" "$out/data/benchmark/$model/$name.json"
(cd "$out" && "$venv/bin/every_eval_ever" validate "data/benchmark/$model/$name.json")
