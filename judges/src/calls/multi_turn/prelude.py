"""Imports upstream's classes once, and what they import while they run.

Memories keep their content in files of earlier conversations; here a configuration brings it. Nothing
here reaches the world: what a function wants of it is told to the host, which looks it up and lets the
calls run again with what it found.
"""

import sys

sys.path.insert(0, "/wheels/bfcl-eval.whl")

import importlib
import json
import math
import os
import pathlib
import types
import _strptime
import datetime
import decimal
import numpy
import operator

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


class Wanted(BaseException):
    """Raised where something is wanted that is not known yet. Upstream's code catches no such error."""


known = {}


def look_up(kind, keys):
    """What the host found, as JSON, for each key."""
    missing = [(kind, key) for key in keys if (kind, key) not in known]
    if missing:
        raise Wanted(missing)
    return [json.loads(known[kind, key]) for key in keys]


class GoogleSearch:
    """The client of the search service: results, or the service's own error."""

    def __init__(self, params):
        self.query = f"{params['kl']}\n{params['q']}"

    def get_dict(self):
        [found] = look_up("search", [self.query])
        return found


class Page:
    """What `requests` gives for an address."""

    def __init__(self, url, status, reason, text):
        self.url, self.status, self.reason, self.text = url, status, reason, text

    def raise_for_status(self):
        if 400 <= self.status < 600:
            side = "Client" if self.status < 500 else "Server"
            raise OSError(f"{self.status} {side} Error: {self.reason} for url: {self.url}")


def get(url, **how):
    [found] = look_up("page", [url])
    if "error" in found:
        raise OSError(found["error"])
    return Page(**found)


class SentenceTransformer:
    """The embedding model, which the host asks."""

    def __init__(self, name, device=None):
        pass

    def get_sentence_embedding_dimension(self):
        return None

    def encode(self, texts, normalize_embeddings=False):
        for text in texts:
            if type(text) is not str:
                raise TypeError(f"a text is expected, not {type(text).__name__}")
        vectors = numpy.array(look_up("embedding", texts), dtype=numpy.float32)
        norms = numpy.sqrt((vectors * vectors).sum(axis=1, keepdims=True))
        return vectors / numpy.maximum(norms, numpy.float32(1e-12))


class IndexIDMap:
    """An index of inner products by id, searched from end to end as the one upstream builds."""

    def __init__(self, index):
        self.rows = []

    def add_with_ids(self, vectors, ids):
        self.rows.extend(zip([int(idx) for idx in ids], vectors))

    def remove_ids(self, ids):
        gone = {int(idx) for idx in ids}
        self.rows = [row for row in self.rows if row[0] not in gone]

    def reset(self):
        self.rows = []

    def search(self, queries, k):
        assert k > 0
        k = operator.index(k)
        scores = [(numpy.float32(vector @ queries[0]), idx) for idx, vector in self.rows]
        best = sorted(scores, key=lambda pair: -pair[0])[:k]
        return [[score for score, _ in best]], [[idx for _, idx in best]]


absent("outside", known=known, Wanted=Wanted)
absent("rank_bm25", BM25Plus=BM25Plus)
absent("serpapi", GoogleSearch=GoogleSearch)
absent("requests", get=get)
absent("sentence_transformers", SentenceTransformer=SentenceTransformer)
absent("faiss", IndexFlatIP=lambda n_dimensions: None, IndexIDMap=IndexIDMap)
absent("overrides", final=lambda method: method)
absent("filelock", FileLock=object)

# Importing upstream's settings makes folders, for which there is no place here.
make_folder = pathlib.Path.mkdir
pathlib.Path.mkdir = lambda self, *args, **kwargs: None
for name in ("MemoryAPI_kv", "MemoryAPI_rec_sum", "MemoryAPI_vector"):
    importlib.import_module(CLASS_FILE_PATH_MAPPING[name])
pathlib.Path.mkdir = make_folder

from bfcl_eval.eval_checker.multi_turn_eval.func_source_code import memory_api_metaclass

memory_api_metaclass.MemoryAPI._prepare_snapshot = lambda self, config: config.get("snapshot")

# The readers of pages are there where the web is searched.
READERS = ["/wheels/beautifulsoup4.whl", "/wheels/html2text.whl"]
if all(os.path.exists(wheel) for wheel in READERS):
    import typing

    sys.path.extend(READERS)
    # The reader imports names from there that `typing` has had for long.
    sys.modules.setdefault("typing_extensions", typing)
    importlib.import_module(CLASS_FILE_PATH_MAPPING["WebSearchAPI"])
