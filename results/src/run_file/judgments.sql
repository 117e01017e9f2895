-- Language models that rated answers of this run. Where texts are sealed, so are replies and errors.
CREATE TABLE IF NOT EXISTS judges (
    judge_id  INTEGER PRIMARY KEY,
    config    TEXT NOT NULL UNIQUE,  -- JSON: model, prompts, sampling: all that can change a reply
    n_samples INTEGER NOT NULL       -- replies wanted to each question
) STRICT;

-- Runs whose answers were compared with those of this one.
CREATE TABLE IF NOT EXISTS opponents (
    opponent TEXT PRIMARY KEY,       -- hex, derived from the run's plan and the time it was created
    model    TEXT NOT NULL,
    run_file TEXT NOT NULL,
    n_samples INTEGER NOT NULL       -- samples of each item that are compared
) STRICT;

-- What judges replied. A failed row is asked again; one that was read never is.
CREATE TABLE IF NOT EXISTS judgments (
    judge_id         INTEGER NOT NULL REFERENCES judges (judge_id),
    item_id          TEXT NOT NULL REFERENCES items (item_id),
    sample_idx       INTEGER NOT NULL,
    turn             INTEGER NOT NULL,  -- counted from 1
    opponent         TEXT NOT NULL,     -- empty where one answer was rated
    position         TEXT NOT NULL CHECK (position IN ('alone', 'first', 'second')),
    judge_sample_idx INTEGER NOT NULL,
    template         TEXT NOT NULL,     -- the judge prompt's name
    prompt_sha256    TEXT NOT NULL REFERENCES prompts (sha256),
    status           TEXT NOT NULL CHECK (status IN ('read', 'failed')),
    reading          TEXT,              -- JSON: {"rating": {"value": 7.0, "in_language": null}}
    reply            TEXT,              -- JSON: the completion that was read
    first_reply      TEXT,              -- JSON: the unreadable one before it, after which the judge was reminded
    error_kind       TEXT,
    error            TEXT,
    finished_at      TEXT NOT NULL,
    PRIMARY KEY (judge_id, item_id, sample_idx, turn, opponent, position, judge_sample_idx)
) STRICT;

-- What most people want to look at.
CREATE VIEW IF NOT EXISTS ratings AS
SELECT j.judge_id, json_extract(j.config, '$.model.model') AS judge,
       json_extract(j.config, '$.prompts') AS prompts,
       g.item_id, g.sample_idx, g.turn, g.judge_sample_idx, g.status,
       json_extract(g.reading, '$.rating.value') AS rating,
       CASE WHEN json_valid(g.reply) THEN json_extract(g.reply, '$.text') ELSE g.reply END AS reply,
       g.error
FROM judgments g JOIN judges j USING (judge_id)
WHERE g.position = 'alone';
