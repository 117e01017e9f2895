//! Choosing the next token.
//!
//! Penalties come first, as vLLM applies them: repetition over prompt and completion, presence and
//! frequency over the completion. Then the filters in the order of Hugging Face transformers:
//! temperature, top-k, top-p, min-p. Each filter sees probabilities renormalised over what the one
//! before left.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use tasks::Sampling;

use super::math::exp;
use super::random::uniform;

/// Below this temperature sampling is greedy: the second best token has no chance in 32 bits.
const COLDEST: f64 = 1e-6;

/// The tokens so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct History<'a> {
    pub(super) prompt: &'a [u32],
    pub(super) completion: &'a [u32],
}

/// Chooses the next token of the sample with this `seed`. The choice depends on nothing else.
pub(super) fn choose(
    logits: &[f32],
    sampling: &Sampling,
    seed: u32,
    history: History<'_>,
) -> u32 {
    let step = u32::try_from(history.completion.len()).unwrap_or(u32::MAX);
    match penalised(logits, sampling, history) {
        Some(logits) => choose_from(&logits, sampling, seed, step),
        None => choose_from(logits, sampling, seed, step),
    }
}

/// The logits after the penalties; `None` where there are none.
#[expect(clippy::cast_possible_truncation, reason = "logits have 32 bits")]
fn penalised(logits: &[f32], sampling: &Sampling, history: History<'_>) -> Option<Vec<f32>> {
    let repetition = sampling.repetition_penalty.unwrap_or(1.0) as f32;
    let presence = sampling.presence_penalty.unwrap_or(0.0) as f32;
    let frequency = sampling.frequency_penalty.unwrap_or(0.0) as f32;
    if (repetition, presence, frequency) == (1.0, 0.0, 0.0) {
        return None;
    }
    let mut counts: BTreeMap<u32, u32> = history.prompt.iter().map(|token| (*token, 0)).collect();
    for token in history.completion {
        *counts.entry(*token).or_default() += 1;
    }
    let mut logits = logits.to_vec();
    for (token, count) in counts {
        let Some(logit) = logits.get_mut(token as usize) else { continue };
        *logit = if *logit > 0.0 { *logit / repetition } else { *logit * repetition };
        if count > 0 {
            *logit -= presence + frequency * count as f32;
        }
    }
    Some(logits)
}

fn choose_from(logits: &[f32], sampling: &Sampling, seed: u32, step: u32) -> u32 {
    if sampling.temperature < COLDEST || sampling.top_k == Some(1) {
        return argmax(logits);
    }
    let weights = weights(logits, sampling.temperature);
    let u = uniform(seed, step);
    let top_k = sampling.top_k.filter(|k| *k > 0).map(|k| k as usize);
    let top_p = sampling.top_p.filter(|p| *p < 1.0);
    // The greatest weight is 1 and passes every filter, so min-p compares weights as they are.
    let least = sampling.min_p.unwrap_or(0.0);
    let all = (0_u32..).zip(weights.iter().map(|weight| f64::from(*weight)));
    if (top_k, top_p) == (None, None) {
        return draw(all.filter(|(_, weight)| *weight >= least), u);
    }
    let mut candidates: Vec<(u32, f64)> = match (top_k, top_p) {
        (None, Some(top_p)) => {
            let floor = nucleus_floor(&weights, top_p);
            all.filter(|(_, weight)| *weight >= floor).collect()
        }
        _ => all.collect(),
    };
    if let Some(top_k) = top_k.filter(|k| *k < candidates.len()) {
        candidates.select_nth_unstable_by(top_k, most_probable_first);
        candidates.truncate(top_k);
    }
    candidates.sort_unstable_by(most_probable_first);
    if let Some(top_p) = top_p {
        let total = if top_k.is_some() {
            candidates.iter().map(|(_, weight)| weight).sum()
        } else {
            total(&weights)
        };
        keep_nucleus(&mut candidates, top_p * total);
    }
    draw(candidates.iter().copied().filter(|(_, weight)| *weight >= least), u)
}

/// The most probable token, the first of equals.
fn argmax(logits: &[f32]) -> u32 {
    let mut best = (0, f32::NEG_INFINITY);
    for (id, logit) in (0_u32..).zip(logits) {
        if *logit > best.1 {
            best = (id, *logit);
        }
    }
    best.0
}

/// Probabilities relative to the most probable token's.
fn weights(logits: &[f32], temperature: f64) -> Vec<f32> {
    let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    #[expect(clippy::cast_possible_truncation, reason = "logits have 32 bits")]
    let factor = (1.0 / temperature) as f32;
    logits.iter().map(|logit| exp((logit - greatest) * factor)).collect()
}

fn total(weights: &[f32]) -> f64 {
    weights.iter().map(|weight| f64::from(*weight)).sum()
}

/// Most probable first; equals in the order of their ids.
fn most_probable_first(a: &(u32, f64), b: &(u32, f64)) -> Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

/// All tokens below (1 − p)/V of the total lie outside the nucleus together, so they need not be
/// sorted.
fn nucleus_floor(weights: &[f32], top_p: f64) -> f64 {
    (1.0 - top_p) * total(weights) / weights.len() as f64
}

/// Keeps the most probable tokens until they hold `mass`; the one that reaches it stays.
fn keep_nucleus(candidates: &mut Vec<(u32, f64)>, mass: f64) {
    let mut held = 0.0;
    let needed = candidates.iter().take_while(|(_, weight)| {
        let is_needed = held < mass;
        held += weight;
        is_needed
    });
    let n_kept = needed.count().max(1);
    candidates.truncate(n_kept);
}

/// The candidate in which the share `u` of the total falls.
fn draw(candidates: impl Iterator<Item = (u32, f64)> + Clone, u: f64) -> u32 {
    let mut left = u * candidates.clone().map(|(_, weight)| weight).sum::<f64>();
    let mut last = 0;
    for (id, weight) in candidates {
        left -= weight;
        last = id;
        if left < 0.0 {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPREAD: [f32; 4] = [0.0, 2.0, 1.0, -1.0];

    fn sampling(temperature: f64) -> Sampling {
        Sampling {
            temperature,
            top_p: None,
            top_k: None,
            min_p: None,
            repetition_penalty: None,
            presence_penalty: None,
            frequency_penalty: None,
            max_tokens: 1,
            stop: vec![],
        }
    }

    /// How often each token of `SPREAD` is chosen in 10,000 draws, in percent.
    fn check(sampling: &Sampling, expected: [u32; 4]) {
        let mut counts = [0_u32; 4];
        for step in 0..10_000 {
            counts[choose_from(&SPREAD, sampling, 3, step) as usize] += 1;
        }
        let percent = counts.map(|n| (n + 50) / 100);
        let is_near = percent.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 1);
        let zeros_agree = counts.iter().zip(expected).all(|(n, e)| (*n == 0) == (e == 0));
        assert!(is_near && zeros_agree, "{percent:?} instead of {expected:?}");
    }

    #[test]
    fn penalties_change_the_logits_of_tokens_that_came() {
        let check = |sampling: &Sampling, expected: Option<[f32; 4]>| {
            let history = History { prompt: &[3, 1], completion: &[1, 0, 1] };
            let logits = penalised(&SPREAD, sampling, history);
            assert_eq!(logits.as_deref(), expected.as_ref().map(|e| e.as_slice()), "{sampling:?}");
        };
        let plain = sampling(1.0);
        check(&plain, None);
        check(&Sampling { repetition_penalty: Some(1.0), ..plain.clone() }, None);
        let repetition = Sampling { repetition_penalty: Some(2.0), ..plain.clone() };
        check(&repetition, Some([0.0, 1.0, 1.0, -2.0]));
        let presence = Sampling { presence_penalty: Some(0.5), ..plain.clone() };
        check(&presence, Some([-0.5, 1.5, 1.0, -1.0]));
        let frequency = Sampling { frequency_penalty: Some(0.5), ..plain };
        check(&frequency, Some([-0.5, 1.0, 1.0, -1.0]));
    }

    #[test]
    fn filters_keep_what_they_should() {
        // softmax([0, 2, 1, -1]) = 8.7, 64.4, 23.7, 3.2 %.
        check(&sampling(1.0), [9, 64, 24, 3]);
        check(&sampling(0.0), [0, 100, 0, 0]);
        check(&Sampling { top_k: Some(2), ..sampling(1.0) }, [0, 73, 27, 0]);
        check(&Sampling { top_k: Some(1), ..sampling(1.0) }, [0, 100, 0, 0]);
        check(&Sampling { top_p: Some(0.7), ..sampling(1.0) }, [0, 73, 27, 0]);
        check(&Sampling { top_p: Some(0.6), ..sampling(1.0) }, [0, 100, 0, 0]);
        check(&Sampling { min_p: Some(0.2), ..sampling(1.0) }, [0, 73, 27, 0]);
        check(&Sampling { top_k: Some(3), top_p: Some(0.9), ..sampling(1.0) }, [0, 73, 27, 0]);
        check(&Sampling { top_p: Some(1.0), ..sampling(2.0) }, [17, 46, 28, 10]);
    }
}
