"""Prefill and batched decoding of a GGUF file with llama.cpp's batch API, one JSON object.

Usage: bench.py MODEL.gguf [N_THREADS], or bench.py requantise MODEL.gguf TARGET.gguf q4_0|f16.
Tokens are chosen by argmax, so that Python's time counts as little as can be. The shape is that of harness/benches/decode.rs: a prompt of
about 512 tokens, 64 new tokens, 1, 16 and 64 samples that share the prompt, best of three rounds.
"""
import ctypes
import json
import resource
import sys
import time

import numpy as np
import llama_cpp as lc

N_ROUNDS, N_NEW, N_PROMPT = 3, 64, 512


def main() -> None:
    path, n_threads = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2
    lc.llama_log_set(QUIET, None)
    lc.llama_backend_init()
    model = lc.llama_model_load_from_file(path.encode(), lc.llama_model_default_params())
    vocab = lc.llama_model_get_vocab(model)
    rates = {"prefill": 0.0}
    for n_samples in (1, 16, 64):
        prefill, decode = measure(model, vocab, n_samples, n_threads)
        rates["prefill"] = max(rates["prefill"], prefill)
        rates[f"batch_{n_samples}"] = decode
    rates["peak_MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({name: round(rate, 1) for name, rate in rates.items()}))


def measure(model, vocab, n_samples: int, n_threads: int) -> tuple[float, float]:
    params = lc.llama_context_default_params()
    params.n_ctx = (N_PROMPT + N_NEW * n_samples + 512) // 256 * 256 + 256
    params.n_batch = params.n_ubatch = 512
    params.n_seq_max = n_samples
    params.n_threads = params.n_threads_batch = n_threads
    params.kv_unified = True
    context = lc.llama_init_from_model(model, params)
    memory = lc.llama_get_memory(context)
    n_vocab = lc.llama_vocab_n_tokens(vocab)
    rng = np.random.default_rng(0)
    best_prefill = best_decode = 0.0
    for _ in range(N_ROUNDS):
        lc.llama_memory_clear(memory, True)
        prompt = rng.integers(1000, n_vocab // 2, N_PROMPT)
        batch = lc.llama_batch_init(512, 0, n_samples)
        started = time.perf_counter()
        fill(batch, [(int(token), at, [0], at == N_PROMPT - 1) for at, token in enumerate(prompt)])
        assert lc.llama_decode(context, batch) == 0
        logits(context, N_PROMPT - 1, n_vocab)
        best_prefill = max(best_prefill, N_PROMPT / (time.perf_counter() - started))
        for sequence in range(1, n_samples):
            lc.llama_memory_seq_cp(memory, 0, sequence, -1, -1)
        first = logits(context, N_PROMPT - 1, n_vocab)
        tokens = [int(token) for token in first.argsort()[-n_samples:]]
        started = time.perf_counter()
        for step in range(N_NEW):
            fill(batch, [(token, N_PROMPT + step, [seq], True) for seq, token in enumerate(tokens)])
            assert lc.llama_decode(context, batch) == 0
            tokens = [int(logits(context, seq, n_vocab).argmax()) for seq in range(n_samples)]
        best_decode = max(best_decode, N_NEW * n_samples / (time.perf_counter() - started))
        lc.llama_batch_free(batch)
    lc.llama_free(context)
    return best_prefill, best_decode


def fill(batch, entries) -> None:
    batch.n_tokens = len(entries)
    for at, (token, position, sequences, wants_logits) in enumerate(entries):
        batch.token[at] = token
        batch.pos[at] = position
        batch.n_seq_id[at] = len(sequences)
        for idx, sequence in enumerate(sequences):
            batch.seq_id[at][idx] = sequence
        batch.logits[at] = wants_logits


def logits(context, at: int, n_vocab: int) -> np.ndarray:
    return np.ctypeslib.as_array(lc.llama_get_logits_ith(context, at), shape=(n_vocab,))


def requantise(source: str, target: str, kind: int) -> None:
    """Writes `source` as another format, as `llama-quantize --allow-requantize --pure` does."""
    params = lc.llama_model_quantize_default_params()
    params.ftype, params.allow_requantize, params.pure = kind, True, True
    assert lc.llama_model_quantize(source.encode(), target.encode(), ctypes.byref(params)) == 0


@lc.llama_log_callback
def QUIET(level, text, data):
    pass


if __name__ == "__main__":
    if sys.argv[1] == "requantise":
        kinds = {"q4_0": lc.LLAMA_FTYPE_MOSTLY_Q4_0, "f16": lc.LLAMA_FTYPE_MOSTLY_F16}
        lc.llama_log_set(QUIET, None)
        requantise(sys.argv[2], sys.argv[3], kinds[sys.argv[4]])
    else:
        main()
