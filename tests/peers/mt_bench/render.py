"""Renders every judge prompt of MT-Bench or ruMT-Bench with Python's str.format and prints hashes.

usage: render.py QUESTIONS REFERENCES JUDGE_PROMPTS > tests/fixtures/mt_bench/NAME.txt

Each line is: question, turn, template, SHA-256 of the system prompt, a NUL byte and the user prompt. The
answers are made up by the rule in `answer`, which tests/it/mt_bench/prompts.rs follows as well. The
slots are those of FastChat 0e6d3e4b, fastchat/llm_judge/common.py.
"""

import hashlib
import json
import sys

NEED_REF_CATS = ["math", "reasoning", "coding", "arena-hard-200"]


def rows(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def answer(who, question, turn):
    return f"{who}{turn} on {question}: {{braces}} {{0}} «ёлки» [[7]]\n\tend"


def main():
    questions, references, prompts = (rows(path) for path in sys.argv[1:4])
    references = {row["question_id"]: row["choices"][0]["turns"] for row in references}
    prompts = {row["name"]: row for row in prompts}
    for question in questions:
        number, turns = question["question_id"], question["turns"]
        for turn in (1, 2):
            kwargs = {}
            needs_reference = question["category"] in NEED_REF_CATS
            if needs_reference:
                kwargs["ref_answer_1"] = references[number][0]
                if turn == 2:
                    kwargs["ref_answer_2"] = references[number][1]
            a = [answer("a", number, n) for n in (1, 2)]
            b = [answer("b", number, n) for n in (1, 2)]
            if turn == 1:
                kwargs["question"] = turns[0]
                single = {"answer": a[0]}
                pair = {"answer_a": a[0], "answer_b": b[0]}
                suffix = ""
            else:
                kwargs["question_1"], kwargs["question_2"] = turns
                single = {"answer_1": a[0], "answer_2": a[1]}
                pair = {
                    "answer_a_1": a[0],
                    "answer_b_1": b[0],
                    "answer_a_2": a[1],
                    "answer_b_2": b[1],
                }
                suffix = "-multi-turn"
            stems = ("single-math-v1", "pair-math-v1") if needs_reference else ("single-v1", "pair-v2")
            for stem, slots in zip(stems, (single, pair)):
                prompt = prompts[stem + suffix]
                user = prompt["prompt_template"].format(**kwargs, **slots)
                text = prompt["system_prompt"] + "\0" + user
                digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
                print(number, turn, stem + suffix, digest)


main()
