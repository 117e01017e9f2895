"""Asks for the entries of a category with upstream's own code, and gives them as JSON.

Nothing here is a model's: data, prompts and descriptions come from the wheel. What upstream imports for
other purposes (clients, parsers, locks) is absent and stands as an empty name.
"""

import copy
import functools
import importlib.abc
import importlib.machinery
import io
import json
import pathlib
import sys
import types
import zipimport

WHEEL = "/wheels/bfcl-eval.whl"
ABSENT = {
    "filelock", "openai", "overrides", "requests", "tenacity",
    "tree_sitter", "tree_sitter_java", "tree_sitter_javascript",
}
# Stands in system messages for what the memory holds when the conversation begins.
MEMORY = "{evalrun:memory}"


class Empty:
    """A class that takes anything and does nothing."""

    def __init__(self, *args, **kwargs):
        pass

    def __getattr__(self, name):
        return unchanged


def unchanged(*args, **kwargs):
    """A decorator, with or without arguments."""
    is_plain = len(args) == 1 and callable(args[0]) and not kwargs
    return args[0] if is_plain else unchanged


class EmptyModule(types.ModuleType):
    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (Empty,), {}) if name[0].isupper() else unchanged


class Absent(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ABSENT:
            return importlib.machinery.ModuleSpec(name, self)

    def create_module(self, spec):
        return EmptyModule(spec.name)

    def exec_module(self, module):
        pass


# The classes that run functions need less of some of these.
for name in ABSENT & set(sys.modules):
    del sys.modules[name]
sys.meta_path.append(Absent())
# Importing upstream's settings makes folders for results, for which there is no place here.
pathlib.Path.mkdir = lambda self, *args, **kwargs: None
if WHEEL not in sys.path:
    sys.path.insert(0, WHEEL)

from bfcl_eval import utils
from bfcl_eval.constants import default_prompts
from bfcl_eval.constants.enums import ModelStyle
from bfcl_eval.constants.type_mappings import GORILLA_TO_OPENAPI
from bfcl_eval.model_handler import utils as handler
from bfcl_eval.model_handler.local_inference.qwen_fc import QwenFCHandler

archive = zipimport.zipimporter(WHEEL)
# The rows of the category's own file that are wanted; all where it is None.
wanted = None
listed = {}


@functools.cache
def text_of(path):
    return archive.get_data(str(path)).decode("utf-8")


def load_file(path, **kwargs):
    lines = [line for line in text_of(path).split("\n") if line.strip()]
    is_own = pathlib.Path(path).parent.name == "data"
    if wanted is not None and is_own:
        lines = [lines[idx] for idx in wanted]
    return [json.loads(line) for line in lines]


utils.load_file = load_file
utils.open = lambda path, *args, **kwargs: io.StringIO(text_of(path))


def listing(category, positions):
    """The entries at these positions. Upstream makes those of format sensitivity of others."""
    global wanted
    if utils.is_format_sensitivity(category):
        if category not in listed:
            listed[category] = utils.load_dataset_entry(category)
        return [listed[category][idx] for idx in positions]
    wanted = positions
    entries = utils.load_dataset_entry(category, include_prereq=False)
    wanted = None
    return entries


class UnknownMemory:
    """A memory whose content is not known yet."""

    def _dump_core_memory_to_context(self):
        return MEMORY


def tools(functions):
    return handler.convert_to_tool(
        functions, GORILLA_TO_OPENAPI, ModelStyle.OPENAI_COMPLETIONS
    )


def hermes_system(messages, functions):
    """The system message that upstream's handler for `<tool_call>` blocks writes."""
    head = messages[:1] if messages[0]["role"] == "system" else [{"role": "user", "content": ""}]
    text = QwenFCHandler._format_prompt(None, head, functions)
    start, end = "<|im_start|>system\n", "<|im_end|>\n"
    assert text.startswith(start)
    return text[len(start) : text.index(end)]


def with_system(messages, text):
    rest = messages[1:] if messages[0]["role"] == "system" else messages
    return [{"role": "system", "content": text}] + rest


def asked(entry, style, config):
    """The turns of an entry in a style, each with its messages and the tools added before it."""
    entry = copy.deepcopy(entry)
    functions = entry["function"]
    if utils.is_memory(entry["id"]):
        category = utils.extract_test_category_from_id(entry["id"])
        entry["question"] = handler.add_memory_instruction_system_prompt(
            entry["question"], category, entry["scenario"], UnknownMemory()
        )
    added = {int(turn): docs for turn, docs in entry.get("missed_function", {}).items()}
    turns = []
    for idx, messages in enumerate(entry["question"]):
        turn_tools = []
        if idx in added:
            line = default_prompts.DEFAULT_USER_PROMPT_FOR_ADDITIONAL_FUNCTION_FC
            if style in ("prompting", "hermes"):
                line = default_prompts.DEFAULT_USER_PROMPT_FOR_ADDITIONAL_FUNCTION_PROMPTING.format(
                    functions=added[idx]
                )
            elif style == "tools":
                turn_tools = tools(added[idx])
            messages = [{"role": "user", "content": line}]
        if idx == 0 and style == "tools":
            turn_tools = tools(functions)
        elif idx == 0 and style == "hermes" and functions:
            messages = with_system(messages, hermes_system(messages, functions))
        elif idx == 0 and style == "prompting":
            name = entry["id"]
            if config and not utils.is_format_sensitivity(name):
                name = f"format_sensitivity_0:{config}:{name}"
            messages = handler.system_prompt_pre_processing_chat_model(messages, functions, name)
        turns.append({"messages": messages, "tools": turn_tools})
    return turns


def ids(category):
    listed[category] = utils.load_dataset_entry(category)
    return [entry["id"] for entry in listed[category]]


def entries(category, style, config, positions):
    found = []
    for entry in listing(category, json.loads(positions)):
        found.append(row(entry, style, config))
    return found


def prerequisites(category, style, config, scenario):
    """The conversations that fill the memory of a scenario, in order."""
    global wanted
    wanted = []
    entries = utils.load_dataset_entry(category, include_prereq=True)
    wanted = None
    return [row(entry, style, config) for entry in entries if entry["scenario"] == scenario]


def row(entry, style, config):
    row = {"id": entry["id"], "turns": asked(entry, style, config)}
    if utils.is_memory(entry["id"]):
        before = entry["depends_on"]
        row["memory"] = {
            "scenario": entry["scenario"],
            "after": before[-1] if before else None,
            "fills": utils.is_memory_prereq(entry["id"]),
        }
    return json.dumps(row)
