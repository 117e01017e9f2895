"""Upstream's BFCL scorer, and result files for it.

Usage: upstream.py make RESULTS        writes a result file for every single-turn category
       upstream.py score RESULTS OUT   scores them with `bfcl-eval` and writes one JSON line per entry

The replies are made from the acceptable answers, every seventh one spoilt. Vendors' client libraries,
which scoring never calls, are replaced by empty modules; nothing else of upstream is touched.
"""
import importlib.abc
import importlib.machinery
import json
import sys
import types
from pathlib import Path

MODEL = "Qwen/Qwen3-8B"
VENDORS = (
    "anthropic cohere google mistralai boto3 botocore writerai qwen_agent datamodel_code_generator httpx "
    "openai transformers requests vllm sglang"
).split()


class Named(type):
    """A class in which every name is another such class."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return named(name)

    def __or__(cls, other):
        return cls


def named(name):
    return Named(name, (Exception,), {"__init__": lambda self, *a, **k: None})


class Anything(types.ModuleType):
    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return named(name)


class Stubs(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in VENDORS:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return Anything(spec.name)

    def exec_module(self, module):
        pass


def single_turn():
    from bfcl_eval.constants.category_mapping import SINGLE_TURN_CATEGORY

    return SINGLE_TURN_CATEGORY


def reply(entry, answer, idx, is_python):
    if answer is None:
        return "None of the functions serves this." if idx % 7 else "[f(a=1)]"
    calls = []
    for call in answer["ground_truth"]:
        for name, parameters in call.items():
            parts = []
            for parameter, values in parameters.items():
                value = next((value for value in values if value != ""), None)
                if value is None:
                    continue
                if isinstance(value, dict):
                    value = {k: v[0] if isinstance(v, list) and v else v for k, v in value.items()}
                parts.append(f"{parameter}={value!r}" if is_python else f"{parameter}={json.dumps(value)}")
            calls.append(f"{name}({', '.join(parts)})")
    text = "[" + ", ".join(calls) + "]"
    return text if idx % 7 else text.replace("(", "(extra=1, ", 1)


def make(results):
    from bfcl_eval.utils import load_dataset_entry, load_ground_truth_entry

    for category in single_turn():
        entries = load_dataset_entry(
            category, include_prereq=False, include_language_specific_hint=False
        )
        expects_calls = "relevance" not in category
        answers = load_ground_truth_entry(category) if expects_calls else [None] * len(entries)
        folder = results / MODEL.replace("/", "_") / ("live" if "live" in category else "non_live")
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / f"BFCL_v4_{category}_result.json", "w") as lines:
            for idx, (entry, answer) in enumerate(zip(entries, answers)):
                text = reply(entry, answer, idx + 1, "java" not in category)
                lines.write(json.dumps({"id": entry["id"], "result": text}) + "\n")


def score(results, out):
    from bfcl_eval.eval_checker import eval_runner

    scores = out.parent / "scores"
    scores.mkdir()
    eval_runner.runner([MODEL.replace("/", "_")], single_turn(), results, scores)
    with open(out, "w") as lines:
        for path in sorted(scores.rglob("BFCL_v4_*_score.json")):
            for row in list(map(json.loads, open(path)))[1:]:
                lines.write(json.dumps({"id": row["id"], "error_type": row["error_type"]}) + "\n")


if __name__ == "__main__":
    sys.meta_path.insert(0, Stubs())
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]))
    else:
        score(Path(sys.argv[2]), Path(sys.argv[3]))
