//! Speed of the sampler over a vocabulary of 49,152 tokens: tokens chosen a second, for greedy choice,
//! plain temperature, and each filter.
//!
//! `cargo bench -p harness --bench sampling`.

use std::time::Instant;

use harness::backend::embedded::choose_token;
use tasks::{SampleSeed, Sampling};

const N_VOCABULARY: usize = 49_152;
const N_CHOICES: u32 = 2_000;

fn main() {
    // Logits of a usual spread, from a fixed sequence.
    let mut state = 1_u32;
    let logits: Vec<f32> = (0..N_VOCABULARY)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1_u32 << 24) as f32 * 24.0 - 12.0
        })
        .collect();
    let plain = Sampling {
        temperature: 0.7,
        top_p: None,
        top_k: None,
        min_p: None,
        repetition_penalty: None,
        presence_penalty: None,
        frequency_penalty: None,
        max_tokens: 1,
        stop: Vec::new(),
    };
    let cases = [
        ("greedy", Sampling { temperature: 0.0, ..plain.clone() }),
        ("temperature", plain.clone()),
        ("top_k 20", Sampling { top_k: Some(20), ..plain.clone() }),
        ("top_p 0.95", Sampling { top_p: Some(0.95), ..plain.clone() }),
        ("min_p 0.05", Sampling { min_p: Some(0.05), ..plain.clone() }),
        ("repetition 1.1", Sampling { repetition_penalty: Some(1.1), ..plain }),
    ];
    let history: Vec<u32> = (0..2_000).map(|i| i * 7 % 40_000).collect();
    for (name, sampling) in cases {
        let started = Instant::now();
        let mut sum = 0_u64;
        for seed in 0..N_CHOICES {
            let token = choose_token(&logits, &sampling, SampleSeed(seed), (&history, &[]));
            sum += u64::from(token);
        }
        let rate = f64::from(N_CHOICES) / started.elapsed().as_secs_f64();
        println!("{name:>15} {rate:>9.0} tokens/s (sum of ids {sum})");
    }
}
