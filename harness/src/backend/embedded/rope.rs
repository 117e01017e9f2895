//! Rotary position embeddings (Su et al., arXiv 2104.09864) and the ways in which models stretch them
//! over longer texts. The formulas of the stretches are those of Hugging Face transformers
//! (`modeling_rope_utils.py`, 5.23).

use std::f64::consts::PI;

/// How the two numbers of a pair lie in a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pairs {
    /// Side by side: numbers 2i and 2i + 1.
    Adjacent,
    /// In the two halves: numbers i and i + n/2.
    Halves,
}

/// Frequencies before any stretch: base^(−2i/n) for n rotated numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Base {
    pub(super) theta: f64,
    pub(super) n_rotated: usize,
}

/// How frequencies are changed.
#[derive(Debug, Clone)]
pub(super) enum Stretch {
    None,
    /// All positions divided by a factor.
    Linear {
        factor: f64,
    },
    /// One divisor for each pair, as GGUF files of Llama 3.1 and later have them.
    Divisors(Vec<f64>),
    /// Llama 3.1: long waves divided by a factor, short ones kept, a ramp between.
    Llama3 {
        factor: f64,
        low: f64,
        high: f64,
        n_original: f64,
    },
    /// `YaRN` (Peng et al., arXiv 2309.00071).
    Yarn(Yarn),
    /// `LongRoPE` (Ding et al., arXiv 2402.13753): own divisors for texts within the original length
    /// and for longer ones.
    Long {
        short: Vec<f64>,
        long: Vec<f64>,
        n_original: usize,
        amplitude: f64,
    },
}

/// The settings of `YaRN`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Yarn {
    pub(super) factor: f64,
    pub(super) n_original: f64,
    pub(super) beta_fast: f64,
    pub(super) beta_slow: f64,
    /// What the rotated numbers are multiplied with.
    pub(super) amplitude: f64,
    /// Whether the ends of the ramp are rounded to whole pairs.
    pub(super) rounds_ramp: bool,
}

/// Which of two sets of frequencies a sequence uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Reach {
    /// It is no longer than the texts the model was first trained on.
    #[default]
    Short,
    /// It is longer.
    Long,
}

/// Rotation angles of one kind of layer.
#[derive(Debug)]
pub(super) struct Rope {
    pairs: Pairs,
    short: Vec<f64>,
    long: Option<Vec<f64>>,
    n_original: usize,
    amplitude: f64,
}

/// Sine and cosine of every pair at one position.
pub(super) type Angles = Vec<(f32, f32)>;

impl Rope {
    pub(super) fn new(pairs: Pairs, base: Base, stretch: &Stretch) -> Self {
        let divided = |divisors: &[f64]| -> Vec<f64> {
            base.frequencies()
                .zip(divisors)
                .map(|(frequency, divisor)| frequency / divisor)
                .collect()
        };
        let (mut long, mut n_original, mut amplitude) = (None, usize::MAX, 1.0);
        let short = match stretch {
            Stretch::None => base.frequencies().collect(),
            Stretch::Linear { factor } => base.frequencies().map(|f| f / factor).collect(),
            Stretch::Divisors(divisors) => divided(divisors),
            Stretch::Llama3 { factor, low, high, n_original } => {
                base.frequencies().map(|f| llama3(f, *factor, (*low, *high), *n_original)).collect()
            }
            Stretch::Yarn(yarn) => {
                amplitude = yarn.amplitude;
                yarn.frequencies(base)
            }
            Stretch::Long { short, long: divisors, n_original: n, amplitude: a } => {
                (long, n_original, amplitude) = (Some(divided(divisors)), *n, *a);
                divided(short)
            }
        };
        Self { pairs, short, long, n_original, amplitude }
    }

    /// The longest sequence for which `Reach::Short` is right; `None` where it makes no difference.
    pub(super) fn short_limit(&self) -> Option<usize> {
        self.long.as_ref().map(|_| self.n_original)
    }

    #[expect(clippy::cast_possible_truncation, reason = "the model computes in 32 bits")]
    pub(super) fn angles(&self, position: usize, reach: Reach) -> Angles {
        let frequencies = match (&self.long, reach) {
            (Some(long), Reach::Long) => long,
            _ => &self.short,
        };
        frequencies
            .iter()
            .map(|frequency| (position as f64 * frequency).sin_cos())
            .map(|(sin, cos)| ((sin * self.amplitude) as f32, (cos * self.amplitude) as f32))
            .collect()
    }

    /// Rotates the first numbers of a head.
    pub(super) fn rotate(&self, head: &mut [f32], angles: &Angles) {
        match self.pairs {
            Pairs::Adjacent => {
                for (pair, angle) in head.chunks_exact_mut(2).zip(angles) {
                    (pair[0], pair[1]) = turned((pair[0], pair[1]), *angle);
                }
            }
            Pairs::Halves => {
                let (first, rest) = head.split_at_mut(angles.len());
                for ((a, b), angle) in first.iter_mut().zip(rest).zip(angles) {
                    (*a, *b) = turned((*a, *b), *angle);
                }
            }
        }
    }
}

impl Base {
    fn frequencies(self) -> impl Iterator<Item = f64> {
        (0..self.n_rotated / 2)
            .map(move |pair| self.theta.powf(-2.0 * pair as f64 / self.n_rotated as f64))
    }
}

impl Yarn {
    /// The factor 0.1 · m · ln s + 1 of the paper, for m = 1.
    pub(super) fn magnitude(factor: f64, weight: f64) -> f64 {
        if factor > 1.0 { 0.1 * weight * factor.ln() + 1.0 } else { 1.0 }
    }

    fn frequencies(&self, base: Base) -> Vec<f64> {
        let n = base.n_rotated as f64;
        let turning = |n_turns: f64| {
            n * (self.n_original / (n_turns * 2.0 * PI)).ln() / (2.0 * base.theta.ln())
        };
        let (mut low, mut high) = (turning(self.beta_fast), turning(self.beta_slow));
        if self.rounds_ramp {
            (low, high) = (low.floor(), high.ceil());
        }
        let (low, high) = (low.max(0.0), high.min(n - 1.0));
        let width = if high > low { high - low } else { 0.001 };
        let mixed = |(pair, frequency): (usize, f64)| {
            let ramp = ((pair as f64 - low) / width).clamp(0.0, 1.0);
            frequency / self.factor * ramp + frequency * (1.0 - ramp)
        };
        base.frequencies().enumerate().map(mixed).collect()
    }
}

fn llama3(frequency: f64, factor: f64, (low, high): (f64, f64), n_original: f64) -> f64 {
    let wave = 2.0 * PI / frequency;
    if wave < n_original / high {
        return frequency;
    }
    if wave > n_original / low {
        return frequency / factor;
    }
    let smooth = (n_original / wave - low) / (high - low);
    (1.0 - smooth) * frequency / factor + smooth * frequency
}

fn turned((a, b): (f32, f32), (sin, cos): (f32, f32)) -> (f32, f32) {
    (a * cos - b * sin, a * sin + b * cos)
}
