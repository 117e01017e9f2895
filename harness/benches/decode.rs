//! Speed of the embedded model: prefill of one prompt, and decoding of 1, 16 and 64 samples of it.
//!
//! `cargo bench -p harness --bench decode -- MODEL.gguf [N_THREADS]` prints one JSON object. Rates are
//! tokens a second of all samples together; the best of three rounds counts.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use harness::backend::embedded::{Dtype, EmbeddedBackend, EmbeddedSettings};
use tasks::{Backend, Completion, Message, Request, Role, SampleSeed, Sampling, TokenMeter};

const N_ROUNDS: usize = 3;
const N_NEW: u32 = 64;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let Some(model) = args.first() else {
        println!("name a model: cargo bench -p harness --bench decode -- MODEL.gguf [N_THREADS]");
        return;
    };
    let n_threads = args.get(1).map(|n| n.parse().expect("a number of threads"));
    let settings =
        EmbeddedSettings { n_threads, batch: 64, kv_bytes: 8 << 30, dtype: Dtype::Stored };
    let backend = EmbeddedBackend::load((model, ""), Path::new(model), settings).expect("a model");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let best = |rate: &dyn Fn(usize) -> f64| (0..N_ROUNDS).map(rate).fold(0.0, f64::max);
    let prefill = best(&|round| {
        let started = Instant::now();
        let completions = runtime.block_on(complete(&backend, &request(round, 1), 1));
        n_prompt(&completions) as f64 / started.elapsed().as_secs_f64()
    });
    let decode = |n_samples: usize| {
        best(&|round| {
            let request = request(round, N_NEW);
            // The prompt is computed before the clock starts.
            runtime.block_on(complete(
                &backend,
                &Request { sampling: sampling(1), ..request.clone() },
                1,
            ));
            let started = Instant::now();
            let completions = runtime.block_on(complete(&backend, &request, n_samples));
            let n_tokens: u64 =
                completions.iter().filter_map(|c| Some(c.usage?.completion_tokens)).sum();
            n_tokens as f64 / started.elapsed().as_secs_f64()
        })
    };
    let (one, sixteen, sixty_four) = (decode(1), decode(16), decode(64));
    let peak = peak_bytes() >> 20;
    println!(
        "{{\"prefill\": {prefill:.1}, \"batch_1\": {one:.1}, \"batch_16\": {sixteen:.1}, \"batch_64\": {sixty_four:.1}, \"peak_MiB\": {peak}}}"
    );
}

/// The most memory this process has had, where the system tells.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

fn sampling(max_tokens: u32) -> Sampling {
    Sampling {
        temperature: 0.7,
        top_p: None,
        top_k: None,
        min_p: None,
        repetition_penalty: None,
        presence_penalty: None,
        frequency_penalty: None,
        max_tokens,
        stop: Vec::new(),
    }
}

/// A prompt of about 512 tokens, another one in each round, that asks for a long answer.
fn request(round: usize, max_tokens: u32) -> Request {
    let facts = (0..68).map(|i| format!("Traveller {} has {} coins. ", i + round, i * 7 % 31));
    let content = format!("{}Write a long story about all of them.", facts.collect::<String>());
    let messages = vec![Message::new(Role::User, content)];
    Request { messages, tools: Vec::new(), sampling: sampling(max_tokens), seed: SampleSeed(0) }
}

async fn complete(
    backend: &EmbeddedBackend,
    request: &Request,
    n_samples: usize,
) -> Vec<Completion> {
    let meter = Arc::new(TokenMeter::default());
    let seeds = (0..n_samples).map(|seed| SampleSeed(u32::try_from(seed).expect("few samples")));
    let requests: Vec<Request> = seeds.map(|seed| Request { seed, ..request.clone() }).collect();
    let answers = requests.iter().map(|request| backend.complete(request, &meter));
    let answers = futures_util::future::join_all(answers).await;
    answers.into_iter().map(|answer| answer.expect("a completion")).collect()
}

fn n_prompt(completions: &[Completion]) -> u64 {
    completions.iter().filter_map(|completion| Some(completion.usage?.prompt_tokens)).sum()
}
