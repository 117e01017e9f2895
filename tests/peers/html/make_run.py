#!/usr/bin/env python3
"""Grows a stored run file into a large one, for measuring reports.

    make_run.py FROM TO N_ITEMS N_SAMPLES [SEED] [MODEL]

Items, prompts and verdicts are made up; lengths of texts are drawn as those of reasoning models are, many
short and a few long. Some texts are hostile to a page: markup, scripts, separators, long lines.
"""

import json
import random
import shutil
import sqlite3
import sys

HOSTILE = [
    "</script><script>document.title='owned'</script>",
    "<!--<script><img src=x onerror=\"document.title='owned'\">",
    "line\u2028separator\u2029paragraph\u0000nul\u001b[31mred\u202eright-to-left",
    "x" * 5000,
    "שלום עולם — مرحبا بالعالم",
    "Ответ: сорок два. 答えは四十二です。",
    "</textarea></style></title>&lt;&amp;${7*7}{{7*7}}",
]
OUTCOMES = ["correct"] * 12 + ["incorrect"] * 6 + ["unparsed"] + ["truncated"] + ["failed"] * 1
FINISH = {"truncated": "length"}


def main():
    source, target, n_items, n_samples = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    draw = random.Random(int(sys.argv[5]) if len(sys.argv) > 5 else 1)
    shutil.copyfile(source, target)
    db = sqlite3.connect(target)
    db.execute("PRAGMA journal_mode = MEMORY")
    plan = json.loads(db.execute("SELECT value FROM run WHERE key = 'plan'").fetchone()[0])
    plan["dataset"].update(n_items_full=n_items, n_items_source=n_items, n_items=n_items)
    plan["n_samples"] = n_samples
    if len(sys.argv) > 6:
        plan["model"]["model"] = sys.argv[6]
    db.execute("UPDATE run SET value = ? WHERE key = 'plan'", [json.dumps(plan)])
    for table in ("items", "prompts", "samples", "turns", "verdicts"):
        db.execute(f"DELETE FROM {table}")
    for item_idx in range(n_items):
        fill(db, draw, f"made-{item_idx:05}", item_idx, n_samples)
    db.commit()


def fill(db, draw, item, position, n_samples):
    fields = {"problem": f"Problem {position}?", "subject": f"Subject {position % 7}", "level": str(position % 5 + 1)}
    db.execute("INSERT INTO items VALUES (?, ?, ?, ?)",
               [item, position, json.dumps(fields), json.dumps({"short_answer": str(position)})])
    sha = f"{position:064x}"
    content = f"Problem {position}: " + "what is it? " * draw.randint(5, 60)
    db.execute("INSERT INTO prompts VALUES (?, ?)", [sha, json.dumps([{"role": "user", "content": content}])])
    for idx in range(n_samples):
        outcome = draw.choice(OUTCOMES)
        failed = outcome == "failed"
        db.execute("INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                   [item, idx, draw.getrandbits(31), "failed" if failed else "judged", int(not failed),
                    "timeout" if failed else None, "no complete answer within 60 s" if failed else None,
                    "2026-01-01T00:00:01.000Z"])
        if failed:
            continue
        n_tokens = min(int(draw.lognormvariate(5, 1)), 8000)
        text = "word " * min(n_tokens, 400) + f"line\n\\boxed{{{position}}}"
        if draw.random() < 0.02:
            text = draw.choice(HOSTILE) + "\n" + text
        reasoning = "thought " * min(n_tokens, 200) if idx % 2 else None
        db.execute("INSERT INTO turns VALUES (?, ?, 0, ?, ?, ?, 0, ?, ?, ?, NULL, ?, 50, 1)",
                   [item, idx, sha, text, reasoning, FINISH.get(outcome, "stop"), len(content) // 4, n_tokens, n_tokens * 10])
        has_answer = outcome in ("correct", "incorrect")
        answer = str(position if outcome == "correct" else draw.randint(0, 9)) if has_answer else None
        db.execute("INSERT INTO verdicts VALUES (?, ?, 'short_answer', 3, ?, ?, ?, ?, ?, ?, NULL)",
                   [item, idx, outcome, float(outcome == "correct"), answer, answer, "boxed" if has_answer else None,
                    f"the answer {'equals' if outcome == 'correct' else 'differs from'} {position}"])


main()
