"""Times EvalPlus 0.3.1 and `evalrun score` on the same samples and prints both.

    bench.py compare TASK DATA.jsonl SAMPLES.jsonl N_WORKERS EVALRUN
    bench.py evalplus TASK DATA.jsonl SAMPLES.jsonl N_WORKERS VERDICTS.jsonl

EvalPlus's own command insists on a sample for every problem, so the second form calls what that
command calls. Its ground truth is loaded before the clock starts, and computed once if need be.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time


def mine(task, samples):
    """The samples of this task's data set."""
    prefix = {"humaneval_plus": "HumanEval/", "mbpp_plus": "Mbpp/"}[task]
    with open(samples) as lines:
        rows = [json.loads(line) for line in lines]
    return [row for row in rows if row["task_id"].startswith(prefix)]


def run_evalplus(task, data, samples, n_workers, verdicts):
    variable = "HUMANEVAL_OVERRIDE_PATH" if task == "humaneval_plus" else "MBPP_OVERRIDE_PATH"
    os.environ[variable] = data
    from concurrent.futures import ProcessPoolExecutor

    from evalplus import data as sets
    from evalplus.eval._special_oracle import MBPP_OUTPUT_NOT_NONE_TASKS
    from evalplus.evaluate import check_correctness, get_groundtruth

    if task == "humaneval_plus":
        problems = sets.get_human_eval_plus()
        expected = get_groundtruth(problems, sets.get_human_eval_plus_hash(), [])
        name = "humaneval"
    else:
        problems = sets.get_mbpp_plus()
        expected = get_groundtruth(problems, sets.get_mbpp_plus_hash(), MBPP_OUTPUT_NOT_NONE_TASKS)
        name = "mbpp"
    rows = mine(task, samples)
    start = time.perf_counter()
    with ProcessPoolExecutor(max_workers=n_workers) as pool:
        futures = [
            pool.submit(
                check_correctness, name, index, problems[row["task_id"]], row["solution"],
                expected[row["task_id"]], False, True,
            )
            for index, row in enumerate(rows)
        ]
        results = [future.result() for future in futures]
    seconds = time.perf_counter() - start
    with open(verdicts, "w") as out:
        for row, result in zip(rows, results):
            line = {"task_id": row["task_id"], "base": result["base"][0], "plus": result["plus"][0]}
            out.write(json.dumps(line) + "\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "peak_MiB": peak / 1024}))


def timed(command):
    """Runs a command; its standard output, seconds, and the memory of its largest process."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{command[0]} ended with status {child.returncode}")
    return output, time.perf_counter() - start, usage.ru_maxrss / 1024


def read(path):
    with open(path) as lines:
        return [json.loads(line) for line in lines]


def compare(task, data, samples, n_workers, evalrun):
    rows = mine(task, samples)
    with tempfile.TemporaryDirectory() as folder:
        part, ours, theirs = (os.path.join(folder, name) for name in ("part", "ours", "theirs"))
        with open(part, "w") as out:
            out.writelines(json.dumps(row) + "\n" for row in rows)
        score = [evalrun, "score", "--task", task, "--samples", part, "--out", ours]
        score += ["--workers", str(n_workers)]
        timed(score)
        _, our_seconds, our_peak = timed(score)
        peer = [sys.executable, __file__, "evalplus", task, data, part, str(n_workers), theirs]
        output, _, _ = timed(peer)
        their = json.loads(output.splitlines()[-1])
        same = {
            suite: sum(a[suite] == b[suite] for a, b in zip(read(ours), read(theirs), strict=True))
            for suite in ("base", "plus")
        }
    print(f"{len(rows)} samples of {task}, {n_workers} workers each")
    print("{:>10} {:>10} {:>10} {:>8}".format("", "evalrun", "EvalPlus", "ratio"))
    print(f"{'seconds':>10} {our_seconds:>10.1f} {their['seconds']:>10.1f}"
          f" {their['seconds'] / our_seconds:>8.2f}")
    print(f"{'peak MiB':>10} {our_peak:>10.0f} {their['peak_MiB']:>10.0f}"
          f" {their['peak_MiB'] / our_peak:>8.2f}")
    print(f"same verdict: base {same['base']}/{len(rows)}, plus {same['plus']}/{len(rows)}")


if __name__ == "__main__":
    command, task, data, samples, n_workers, last = sys.argv[1:]
    action = {"compare": compare, "evalplus": run_evalplus}[command]
    action(task, data, samples, int(n_workers), last)
