-- evalrun run file, format version 5. One file is one run; see results/src/run_file/mod.rs.
-- Where the plan says `"texts": "sealed"`, the columns fields, target, messages, completion, reasoning,
-- answer and error hold sealed texts (results/src/seal.rs): the authors of those data ask that examples
-- stay out of plain text. `evalrun` reads them; --keep-text writes them readable.
CREATE TABLE run (
    key   TEXT PRIMARY KEY,          -- plan (JSON), evalrun_version, git, machine, created_at
    value TEXT NOT NULL
) STRICT;

-- One row per process that worked on the run.
CREATE TABLE sessions (
    session_id INTEGER PRIMARY KEY,
    started_at TEXT NOT NULL,        -- RFC 3339
    wall_ms    INTEGER NOT NULL,     -- grows with every stored sample
    settings   TEXT NOT NULL         -- JSON: concurrency, attempts, time limit
) STRICT;

CREATE TABLE items (
    item_id  TEXT PRIMARY KEY,
    position INTEGER NOT NULL UNIQUE,
    fields   TEXT NOT NULL,          -- JSON object: what the prompt template saw
    target   TEXT NOT NULL           -- JSON: {"integer": "70"}
) STRICT;

-- Messages are stored once, however many samples share them.
CREATE TABLE prompts (
    sha256   TEXT PRIMARY KEY,       -- of all messages
    messages TEXT NOT NULL,          -- JSON array of {role, content}: those that follow the base's
    base     TEXT                    -- the prompt whose messages come first; NULL for none
) STRICT;

CREATE TABLE samples (
    item_id     TEXT NOT NULL REFERENCES items (item_id),
    sample_idx  INTEGER NOT NULL,
    seed        INTEGER NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('judged', 'failed')),
    n_turns     INTEGER NOT NULL,
    error_kind  TEXT,
    error       TEXT,
    finished_at TEXT NOT NULL,
    PRIMARY KEY (item_id, sample_idx)
) STRICT;

CREATE TABLE turns (
    item_id           TEXT NOT NULL,
    sample_idx        INTEGER NOT NULL,
    turn_idx          INTEGER NOT NULL,
    prompt_sha256     TEXT NOT NULL REFERENCES prompts (sha256),
    completion        TEXT NOT NULL,
    reasoning         TEXT,          -- reasoning delivered apart from the text
    reasoning_opened_by_template INTEGER NOT NULL,
    finish_reason     TEXT NOT NULL,
    prompt_tokens     INTEGER,
    completion_tokens INTEGER,
    reasoning_tokens  INTEGER,
    latency_ms        INTEGER NOT NULL,
    first_token_ms    INTEGER,
    n_attempts        INTEGER NOT NULL,
    cached_tokens     INTEGER,       -- prompt tokens that the server had in a cache
    tool_calls        TEXT,          -- calls by the endpoint's own means, as its JSON
    PRIMARY KEY (item_id, sample_idx, turn_idx)
) STRICT;

CREATE TABLE verdicts (
    item_id       TEXT NOT NULL,
    sample_idx    INTEGER NOT NULL,
    judge         TEXT NOT NULL,
    judge_version INTEGER NOT NULL,
    outcome       TEXT NOT NULL CHECK (outcome IN ('correct', 'incorrect', 'unparsed', 'truncated', 'answered')),
    score         REAL,              -- NULL for answers that are neither right nor wrong
    answer        TEXT,              -- as the model wrote it
    vote          TEXT,              -- its normal form
    rule          TEXT,              -- the extraction rule that found it
    explanation   TEXT NOT NULL,
    detail        TEXT,              -- JSON: what the judge found beyond right or wrong
    PRIMARY KEY (item_id, sample_idx, judge)
) STRICT;

CREATE TABLE events (
    event_id INTEGER PRIMARY KEY,
    at       TEXT NOT NULL,          -- RFC 3339
    kind     TEXT NOT NULL,
    detail   TEXT NOT NULL
) STRICT;

-- What most people want to look at.
CREATE VIEW outcomes AS
SELECT s.item_id, s.sample_idx, s.seed,
       coalesce(v.outcome, 'failed') AS outcome, v.score, v.answer, v.explanation,
       t.completion, t.finish_reason, t.prompt_tokens, t.completion_tokens, s.error
FROM samples s
LEFT JOIN verdicts v USING (item_id, sample_idx)
LEFT JOIN turns t ON t.item_id = s.item_id AND t.sample_idx = s.sample_idx
                 AND t.turn_idx = s.n_turns - 1;
