"""Scores IFEval responses with the Python checkers that lm-eval carries, one JSON line per row.

Usage: score.py SAMPLES.jsonl INPUT_DATA.jsonl OUT.jsonl. The checkers are loaded without the rest of
lm-eval. Two things are set before: Punkt's parameters come from a package instead of a download,
and the language detector has a seed. lm-eval's own rule for letters draws a random one where the
letter is not a to z, so such rows can differ.
"""
import importlib.util
import json
import sys
import types
from pathlib import Path

import langdetect
import nltk
import punkt.data.english as parameters
from nltk.tokenize.destructive import NLTKWordTokenizer
from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer


def sentence_tokenizer() -> PunktSentenceTokenizer:
    model = PunktParameters()
    model.abbrev_types = set(parameters.ABBREV_TYPES)
    model.sent_starters = set(parameters.SENT_STARTERS)
    model.collocations = set(parameters.COLLOCATIONS)
    model.ortho_context.update(parameters.ORTHO_CONTEXT)
    return PunktSentenceTokenizer(model)


def checkers() -> dict:
    langdetect.DetectorFactory.seed = 0
    sentences, words = sentence_tokenizer(), NLTKWordTokenizer()
    nltk.data.find = nltk.download = lambda *args, **kwargs: None
    nltk.data.load = lambda *args, **kwargs: sentences
    nltk.word_tokenize = lambda text: [
        word for sentence in sentences.tokenize(text) for word in words.tokenize(sentence)
    ]
    folder = Path(importlib.util.find_spec("lm_eval").origin).parent / "tasks" / "ifeval"
    for name in ("lm_eval", "lm_eval.tasks", "lm_eval.tasks.ifeval"):
        sys.modules[name] = types.ModuleType(name)
    for name in ("instructions_util", "instructions", "instructions_registry"):
        full = f"lm_eval.tasks.ifeval.{name}"
        spec = importlib.util.spec_from_file_location(full, folder / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        setattr(sys.modules["lm_eval.tasks.ifeval"], name, module)
        spec.loader.exec_module(module)
    return sys.modules["lm_eval.tasks.ifeval.instructions_registry"].INSTRUCTION_DICT


def readings(response: str) -> list[str]:
    lines = response.split("\n")
    parts = (lines[1:], lines[:-1], lines[1:-1])
    plain = [response] + ["\n".join(part).strip() for part in parts]
    return plain + [text.replace("*", "") for text in plain]


def follows(checker, texts: list[str]) -> bool:
    return any(bool(text.strip()) and bool(checker.check_following(text)) for text in texts)


def main() -> None:
    samples, data, out = sys.argv[1:4]
    kinds = checkers()
    responses = {row["prompt"]: row["response"] for row in map(json.loads, open(samples))}
    with open(out, "w") as lines:
        for row in map(json.loads, open(data)):
            if row["prompt"] not in responses:
                continue
            texts = readings(responses[row["prompt"]])
            verdict = {"key": row["key"], "strict": [], "loose": []}
            for name, kwargs in zip(row["instruction_id_list"], row["kwargs"]):
                checker = kinds[name](name)
                checker.build_description(**{k: v for k, v in kwargs.items() if v is not None})
                verdict["strict"].append(follows(checker, texts[:1]))
                verdict["loose"].append(follows(checker, texts))
            lines.write(json.dumps(verdict) + "\n")


if __name__ == "__main__":
    main()
