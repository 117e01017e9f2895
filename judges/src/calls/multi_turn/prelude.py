"""Imports upstream's classes once, and what they import while they run.

Memories keep their content in files of earlier conversations; here a configuration brings it.
"""

import sys

sys.path.insert(0, "/wheels/bfcl-eval.whl")

import importlib
import math
import pathlib
import types
import _strptime
import datetime
import decimal

import bfcl_eval.eval_checker.multi_turn_eval.multi_turn_utils
from bfcl_eval.constants.executable_backend_config import CLASS_FILE_PATH_MAPPING

for name in (
    "GorillaFileSystem MathAPI MessageAPI TwitterAPI TicketAPI TradingBot TravelAPI VehicleControlAPI"
).split():
    importlib.import_module(CLASS_FILE_PATH_MAPPING[name])

datetime.datetime.strptime("2024-01-01", "%Y-%m-%d")


class BM25Plus:
    """The scores of rank_bm25 0.2.2, one number after the other where that package has arrays."""

    def __init__(self, corpus, k1=1.5, b=0.75, delta=1):
        self.k1, self.b, self.delta = k1, b, delta
        self.counts = [{word: text.count(word) for word in text} for text in corpus]
        self.lengths = [len(text) for text in corpus]
        self.mean_length = sum(self.lengths) / len(corpus)
        n_with = {}
        for counts in self.counts:
            for word in counts:
                n_with[word] = n_with.get(word, 0) + 1
        self.weights = {word: math.log((len(corpus) + 1) / n) for word, n in n_with.items()}

    def get_scores(self, query):
        scores = [0.0] * len(self.counts)
        for word in query:
            weight = self.weights.get(word) or 0
            for idx, counts in enumerate(self.counts):
                n = counts.get(word) or 0
                length = 1 - self.b + self.b * self.lengths[idx] / self.mean_length
                scores[idx] += weight * (self.delta + (n * (self.k1 + 1)) / (self.k1 * length + n))
        return scores


def absent(name, **names):
    """Stands for a package that is not here."""
    module = types.ModuleType(name)
    vars(module).update(names)
    sys.modules.setdefault(name, module)


absent("rank_bm25", BM25Plus=BM25Plus)
absent("overrides", final=lambda method: method)
absent("filelock", FileLock=object)

# Importing upstream's settings makes folders, for which there is no place here.
make_folder = pathlib.Path.mkdir
pathlib.Path.mkdir = lambda self, *args, **kwargs: None
for name in ("MemoryAPI_kv", "MemoryAPI_rec_sum"):
    importlib.import_module(CLASS_FILE_PATH_MAPPING[name])
pathlib.Path.mkdir = make_folder

from bfcl_eval.eval_checker.multi_turn_eval.func_source_code import memory_api_metaclass

memory_api_metaclass.MemoryAPI._prepare_snapshot = lambda self, config: config.get("snapshot")
