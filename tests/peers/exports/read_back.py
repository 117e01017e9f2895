"""Reads exported files with the programs they are written for, and compares what comes back with
`summary.json`, the figures as evalrun reports them. Prints one line a format; fails on the first
difference."""

import json
import pathlib
import sys
import xml.etree.ElementTree as xml

folder = pathlib.Path(sys.argv[1])
summary = json.loads((folder / "summary.json").read_text())
counts = summary["counts"]
n_graded = sum(counts[name] for name in ("correct", "incorrect", "unparsed", "truncated"))
n_attempted = n_graded + counts["failed"]


def check(what, found, expected):
    assert found == expected, f"{what}: {found} instead of {expected}"


def inspect():
    import inspect_ai
    from inspect_ai.analysis import samples_df
    from inspect_ai.log import read_eval_log

    path = str(next(folder.glob("*_task_id.json")))
    log = read_eval_log(path)
    check("status", log.status, "success" if summary["complete"] else "started")
    check("samples", len(log.samples), n_attempted)
    values = {name: metric.value for name, metric in log.results.scores[0].metrics.items()}
    check("metrics", values, {figure["name"]: figure["value"] for figure in summary["metrics"]})
    scored = [sample for sample in log.samples if sample.scores]
    check("scored", len(scored), n_graded)
    correct = [s for s in scored if next(iter(s.scores.values())).value == "C"]
    check("correct", len(correct), counts["correct"])
    check("errors", len([s for s in log.samples if s.error]), counts["failed"])
    tokens = sum(usage.output_tokens for usage in log.stats.model_usage.values())
    check("tokens", tokens, summary["tokens"]["completion"])
    replies = [s.output.completion for s in scored]
    assert all(isinstance(reply, str) for reply in replies)
    frame = samples_df(path)
    check("rows of the data frame", len(frame), n_attempted)
    print(f"inspect_ai {inspect_ai.__version__}: read_eval_log and samples_df agree")


def lm_eval():
    import lm_eval
    from lm_eval.utils import make_table

    results = json.loads(next(folder.glob("results_*.json")).read_text())
    of_task = results["results"][summary["task"]]
    values = [v for k, v in of_task.items() if "," in k and "_stderr," not in k]
    check("metrics", values, [figure["value"] for figure in summary["metrics"]])
    table = make_table(results)
    check("rows of the table", len(table.strip().splitlines()), len(values) + 2)
    print(f"lm_eval {lm_eval.__version__}: make_table prints {len(values)} metrics")


def every_eval_ever():
    import importlib.metadata
    import jsonschema
    from importlib.resources import files

    record = json.loads((folder / "record.json").read_text())
    schema = json.loads((files("every_eval_ever") / "schemas/eval.schema.json").read_text())
    jsonschema.Draft7Validator(schema).validate(record)
    values = [result["score_details"]["score"] for result in record["evaluation_results"]]
    check("metrics", values, [figure["value"] for figure in summary["metrics"]])
    print(f"every_eval_ever {importlib.metadata.version('every_eval_ever')}: fits the schema of the package")


def hub():
    import huggingface_hub
    import yaml
    from huggingface_hub import parse_eval_result_entries

    entries = parse_eval_result_entries(yaml.safe_load((folder / "results.yaml").read_text()))
    check("entries", len(entries), 1)
    check("value", entries[0].value, round(summary["metrics"][0]["value"] * 100, 4))
    check("data set", (entries[0].dataset_id, entries[0].task_id), ("owner/name", "task"))
    print(f"huggingface_hub {huggingface_hub.__version__}: {entries[0]}")


def tables():
    rows = [json.loads(line) for line in (folder / "samples.jsonl").open(encoding="utf-8")]
    check("lines", len(rows), n_attempted)
    suite = xml.parse(folder / "junit.xml").getroot().find("testsuite")
    check("cases", len(suite.findall("testcase")), n_attempted)
    check("failures", len(suite.findall("testcase/failure")), n_graded - counts["correct"])
    check("errors", len(suite.findall("testcase/error")), counts["failed"])
    print(f"json and xml: {len(rows)} samples")
    if (folder / "samples.parquet").exists():
        import pyarrow
        import pyarrow.parquet as parquet

        table = parquet.read_table(folder / "samples.parquet").to_pylist()
        check("outcomes", [row["outcome"] for row in table], [row["outcome"] for row in rows])
        texts = [row["turns"][-1]["completion"] if row["turns"] else None for row in rows]
        check("texts", [row["completion"] for row in table], texts)
        print(f"pyarrow {pyarrow.__version__}: {len(table)} rows")


for reader in (inspect, lm_eval, every_eval_ever, hub, tables):
    reader()
