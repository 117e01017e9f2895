-- Completions that came with others in one request (`n` above 1), a row each. Their seed is the one that was
-- sent; the one of `samples` is what would have been sent for the sample alone.
CREATE TABLE IF NOT EXISTS shared_requests (
    item_id           TEXT NOT NULL,
    sample_idx        INTEGER NOT NULL,
    turn_idx          INTEGER NOT NULL,
    request_id        TEXT NOT NULL,     -- hex, drawn at random
    choice_idx        INTEGER NOT NULL,  -- the index of the choice in the answer
    n_choices         INTEGER NOT NULL,  -- choices that came
    seed              INTEGER NOT NULL,
    prompt_tokens     INTEGER,           -- of the whole request, as the server counted; `turns` has those
    completion_tokens INTEGER,           -- of the sample, and none where they are not known one by one
    reasoning_tokens  INTEGER,
    cached_tokens     INTEGER,
    PRIMARY KEY (item_id, sample_idx, turn_idx)
) STRICT;
