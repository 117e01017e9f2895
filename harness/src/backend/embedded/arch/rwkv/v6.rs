//! RWKV-6, "Finch" (Peng et al., arXiv 2404.05892).

use super::{ChannelShares, DECAY, Source, Version, heads};
use crate::backend::embedded::gguf::ModelError;
use crate::backend::embedded::matrix::Matrix;
use crate::backend::embedded::model::{InputLerp, Lerp, LowRankShare, Model, Projected, TimeMix};
use crate::backend::embedded::weights::{Checkpoint, Name, Tensor, Values};

const SHARE: Name = Name::new("attention.time_maa_x", "time_mix_lerp_x.weight");
const NARROW: Name = Name::new("attention.time_maa_w1", "time_mix_w1.weight");
const WIDEN: Name = Name::new("attention.time_maa_w2", "time_mix_w2.weight");
const DECAY_NARROW: Name = Name::new("attention.time_decay_w1", "time_mix_decay_w1.weight");
const DECAY_WIDEN: Name = Name::new("attention.time_decay_w2", "time_mix_decay_w2.weight");

/// Shares of decay, key, value, receptance and gate.
const BASES: [Name; 5] = [
    Name::new("attention.time_maa_w", "time_mix_lerp_w.weight"),
    Name::new("attention.time_maa_k", "time_mix_lerp_k.weight"),
    Name::new("attention.time_maa_v", "time_mix_lerp_v.weight"),
    Name::new("attention.time_maa_r", "time_mix_lerp_r.weight"),
    Name::new("attention.time_maa_g", "time_mix_lerp_g.weight"),
];
/// All of them in one tensor, as newer GGUF files have them.
const FUSED_BASES: Name = Name::new("", "time_mix_lerp_fused.weight");

const CHANNEL_KEY_SHARE: Name = Name::new("feed_forward.time_maa_k", "channel_mix_lerp_k.weight");
const CHANNEL_RECEPTANCE_SHARE: Name =
    Name::new("feed_forward.time_maa_r", "channel_mix_lerp_r.weight");

pub(in crate::backend::embedded::arch) fn build(
    checkpoint: &mut Checkpoint,
) -> Result<Model, ModelError> {
    super::build(checkpoint, &Version { time, channel_shares })
}

fn time(source: &mut Source<'_>, layer: usize) -> Result<TimeMix, ModelError> {
    let (hidden, n_channels) = (source.hidden, source.n_channels);
    let narrow = source.low_rank(NARROW, layer, (None, hidden))?;
    let rank = narrow.n_out() / BASES.len();
    source.check_len(NARROW, "outputs", (narrow.n_out(), rank * BASES.len()))?;
    let [decay_share, key, value, receptance, gate] = source.shares(layer, rank)?;
    let decay_narrow = source.low_rank(DECAY_NARROW, layer, (None, hidden))?;
    let decay_rank = decay_narrow.n_out();
    let lerp = InputLerp {
        share: source.vector(SHARE, layer, hidden)?,
        narrow,
        shares: Projected { key, value, receptance, gate },
        decay_share,
        decay_narrow,
        decay_widen: source.low_rank(DECAY_WIDEN, layer, (Some(n_channels), decay_rank))?,
        decay: source.vector(DECAY, layer, n_channels)?,
    };
    heads::time(source, layer, Lerp::OfInput(Box::new(lerp)))
}

/// Stored as the shares of the token before.
fn channel_shares(source: &mut Source<'_>, layer: usize) -> Result<ChannelShares, ModelError> {
    let hidden = source.hidden;
    let mut own = |name| {
        let earlier = source.vector(name, layer, hidden)?;
        Ok::<_, ModelError>(earlier.into_iter().map(|share| 1.0 - share).collect())
    };
    Ok(ChannelShares { key: own(CHANNEL_KEY_SHARE)?, receptance: own(CHANNEL_RECEPTANCE_SHARE)? })
}

impl Source<'_> {
    /// A matrix of low rank with those numbers of outputs, if that is known, and inputs.
    fn low_rank(
        &mut self,
        name: Name,
        layer: usize,
        (n_out, n_in): (Option<usize>, usize),
    ) -> Result<Matrix, ModelError> {
        let numbers = self.checkpoint.parameter(name, layer)?;
        // A matrix without any output is refused below.
        let n_out = n_out.unwrap_or(numbers.len() / n_in).max(1);
        self.check_len(name, "numbers", (numbers.len(), n_out * n_in))?;
        self.matrix_of(numbers, n_in)
    }

    /// Folders hold these matrices transposed.
    fn matrix_of(&self, numbers: Vec<f32>, n_in: usize) -> Result<Matrix, ModelError> {
        let n_out = numbers.len() / n_in;
        let values = if self.checkpoint.is_gguf() {
            numbers
        } else {
            let outputs = (0..n_out).flat_map(|output| (0..n_in).map(move |input| (output, input)));
            outputs.map(|(output, input)| numbers[input * n_out + output]).collect()
        };
        Matrix::stack(&[Tensor { name: String::new(), n_in, values: Values::F32(values) }])
    }

    fn shares(&mut self, layer: usize, rank: usize) -> Result<[LowRankShare; 5], ModelError> {
        let hidden = self.hidden;
        let mut bases = if self.checkpoint.has(FUSED_BASES, Some(layer)) {
            self.vector(FUSED_BASES, layer, BASES.len() * hidden)?
        } else {
            let bases = BASES.map(|name| self.vector(name, layer, hidden));
            bases.into_iter().collect::<Result<Vec<_>, _>>()?.concat()
        };
        let mut widen = self.vector(WIDEN, layer, BASES.len() * rank * hidden)?;
        let mut next = || -> Result<_, ModelError> {
            let base = bases.drain(..hidden).collect();
            let widen = self.matrix_of(widen.drain(..rank * hidden).collect(), rank)?;
            Ok(LowRankShare { base, widen })
        };
        Ok([next()?, next()?, next()?, next()?, next()?])
    }
}
