"""Runs the calls of a turn with upstream's own code, and reports responses and states as data.

Instances live in that code's module from one turn to the next, and nowhere else.
"""

import outside
from bfcl_eval.eval_checker.multi_turn_eval.func_source_code import gorilla_file_system, memory_vector
from bfcl_eval.eval_checker.multi_turn_eval.multi_turn_utils import execute_multi_turn_func_call

MAX_DEPTH = 300


def data(value, depth):
    """A value whose equality is that of the object. Upstream compares files and directories by name
    and content, and everything else that it stores is data already."""
    if depth > MAX_DEPTH:
        raise RecursionError("a state is nested too deeply")
    kind = type(value)
    if kind is gorilla_file_system.File:
        return ("File", data(value.name, depth + 1), data(value.content, depth + 1))
    if kind is gorilla_file_system.Directory:
        return ("Directory", data(value.name, depth + 1), data(value.contents, depth + 1))
    if kind is dict:
        return {key: data(item, depth + 1) for key, item in value.items()}
    if kind is list:
        return [data(item, depth + 1) for item in value]
    if kind is tuple:
        return tuple(data(item, depth + 1) for item in value)
    if kind is memory_vector.VectorStore:
        return data(value.export(), depth + 1)
    return value


def turn(steps, initial_config, involved_classes, model_name, entry_id, long_context, known):
    """Runs a turn. `known` are things of the world outside: kind, key and JSON."""
    outside.known.update({(kind, key): found for kind, key, found in known})
    responses, instances = [], {}
    try:
        for step in steps or [[]]:
            step_responses, instances = execute_multi_turn_func_call(
                step, initial_config, involved_classes, model_name, entry_id, long_context, True
            )
            responses.extend(step_responses)
    except outside.Wanted as wanted:
        return [], [], [], wanted.args[0]
    states = [
        (name, [(key, data(item, 0)) for key, item in vars(instance).items() if key[:1] != "_"])
        for name, instance in instances.items()
    ]
    # What a memory shows of itself at the beginning of a conversation.
    shown = [
        instance._dump_core_memory_to_context()
        for name, instance in instances.items()
        if name.startswith("MemoryAPI_")
    ]
    return responses, states, shown, []
