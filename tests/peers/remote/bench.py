"""Runs one workload through three programs and prints wall time, processor time and memory."""

import json
import os
import sys
import time
from pathlib import Path

evalrun, venv, url, work, n_requests, delay_ms = sys.argv[1:]
work, n_requests, delay_ms = Path(work), int(n_requests), float(delay_ms)
CONCURRENCY = [64, 128, 256, 512]


def write_workload():
    """The same questions in each program's own form."""
    rows = [{"question": f"What is {i} + {i}?", "answer": 2 * i} for i in range(n_requests)]
    (work / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (work / "sums.jinja").write_text("{{ problem }}")
    (work / "sums.toml").write_text(
        f"""name = "sums"
version = 1
title = "Sums"
language = "en"
episode = "single_turn"
extractor = "math_answer"
judge = "integer"
metrics = ["pass_at1"]
[prompt]
template = "sums.jinja"
[sampling]
temperature = 0.0
max_tokens = 64
samples = 1
source = "this file"
[dataset]
n_items = {n_requests}
target = "integer"
[[dataset.source]]
path = "rows.jsonl"
layout = {{ format = "jsonl" }}
id = "'sum-' ~ row_idx"
answer = "row.answer"
fields.problem = "row.question"
"""
    )
    (work / "sums.yaml").write_text(
        f"""task: sums
dataset_path: json
dataset_kwargs:
  data_files:
    test: {work}/rows.jsonl
test_split: test
output_type: generate_until
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
generation_kwargs:
  until: []
  max_gen_toks: 64
  temperature: 0.0
metric_list:
  - metric: exact_match
"""
    )
    (work / "sums.py").write_text(
        f"""import json
from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import includes
from inspect_ai.solver import generate

@task
def sums():
    rows = [json.loads(line) for line in open("{work}/rows.jsonl")]
    samples = [Sample(input=row["question"], target=str(row["answer"])) for row in rows]
    return Task(MemoryDataset(samples), solver=generate(), scorer=includes())
"""
    )


def commands(n):
    """Each program's command for n concurrent requests."""
    out = str(work / f"out-{n}")
    return {
        "evalrun": [evalrun, "--task", "sums.toml", "--base-url", url, "--model", "m",
                    "--concurrency", str(n), "--quiet", "--out", out],
        "lm-eval": [f"{venv}/lm_eval", "--model", "local-chat-completions", "--tasks", "sums",
                    "--include_path", str(work), "--apply_chat_template", "--output_path", out,
                    "--model_args", f"model=m,base_url={url}/chat/completions,num_concurrent={n},"
                    "max_retries=3,tokenized_requests=False"],
        "inspect": [f"{venv}/inspect", "eval", "sums.py", "--model", "openai-api/fake/m",
                    "--max-connections", str(n), "--max-samples", str(n), "--log-dir", out,
                    "--display", "none", "--temperature", "0", "--max-tokens", "64"],
    }


def measure(name, command):
    """Wall seconds, processor seconds, and peak MiB of a process."""
    env = dict(os.environ, FAKE_BASE_URL=url, FAKE_API_KEY="none", OPENAI_API_KEY="none",
               HF_HOME=str(work / "hf"), HF_DATASETS_OFFLINE="1", HF_HUB_OFFLINE="1")
    log = open(work / f"{name}.log", "w")
    started = time.monotonic()
    pid = os.posix_spawnp(command[0], command, env, file_actions=[
        (os.POSIX_SPAWN_DUP2, log.fileno(), 1), (os.POSIX_SPAWN_DUP2, log.fileno(), 2)])
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - started
    if status != 0:
        sys.exit(f"{name} failed:\n" + (work / f"{name}.log").read_text()[-3000:])
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


write_workload()
os.chdir(work)
best = {}
for n in CONCURRENCY:
    for name, command in commands(n).items():
        figures = measure(name, command)
        print(f"{name:>8} at {n:>3}: {figures[0]:7.2f} s wall, {figures[1]:7.2f} s processor, "
              f"{figures[2]:7.1f} MiB", flush=True)
        if name not in best or figures < best[name][1]:
            best[name] = (n, figures)
ours = best["evalrun"][1]
print(f"\n{n_requests} requests, {delay_ms:.0f} ms each; best of {CONCURRENCY}")
print(f"{'':>8} {'at':>4} {'wall s':>8} {'cpu s':>8} {'MiB':>8} {'/ ours: wall':>13} {'cpu':>6} {'MiB':>6}")
for name, (n, figures) in best.items():
    ratios = [theirs / mine for theirs, mine in zip(figures, ours)]
    print(f"{name:>8} {n:>4} {figures[0]:>8.2f} {figures[1]:>8.2f} {figures[2]:>8.1f} "
          f"{ratios[0]:>13.1f} {ratios[1]:>6.1f} {ratios[2]:>6.1f}")
