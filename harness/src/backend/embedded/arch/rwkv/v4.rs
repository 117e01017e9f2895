//! RWKV-4 (Peng et al., arXiv 2305.13048).

use super::{ChannelShares, DECAY, Source, TIME, Version};
use crate::backend::embedded::gguf::ModelError;
use crate::backend::embedded::model::{Model, SumMix, TimeMix};
use crate::backend::embedded::weights::{Checkpoint, Name};

const FIRST: Name = hf("attention.time_first");
const KEY_SHARE: Name = hf("attention.time_mix_key");
const VALUE_SHARE: Name = hf("attention.time_mix_value");
const RECEPTANCE_SHARE: Name = hf("attention.time_mix_receptance");
const CHANNEL_KEY_SHARE: Name = hf("feed_forward.time_mix_key");
const CHANNEL_RECEPTANCE_SHARE: Name = hf("feed_forward.time_mix_receptance");

const fn hf(name: &'static str) -> Name {
    Name::new(name, "")
}

pub(in crate::backend::embedded::arch) fn build(
    checkpoint: &mut Checkpoint,
) -> Result<Model, ModelError> {
    super::build(checkpoint, &Version { time, channel_shares })
}

fn time(source: &mut Source<'_>, layer: usize) -> Result<TimeMix, ModelError> {
    let (hidden, n_channels) = (source.hidden, source.n_channels);
    // Stored as the logarithm of the rate.
    let decay = source.vector(DECAY, layer, n_channels)?;
    Ok(TimeMix::Sums(Box::new(SumMix {
        key_share: source.vector(KEY_SHARE, layer, hidden)?,
        value_share: source.vector(VALUE_SHARE, layer, hidden)?,
        receptance_share: source.vector(RECEPTANCE_SHARE, layer, hidden)?,
        decay: decay.into_iter().map(|rate| -rate.exp()).collect(),
        first: source.vector(FIRST, layer, n_channels)?,
        key: source.projection(TIME.key, layer)?,
        value: source.projection(TIME.value, layer)?,
        receptance: source.projection(TIME.receptance, layer)?,
        output: source.time_output(layer)?,
    })))
}

pub(super) fn channel_shares(
    source: &mut Source<'_>,
    layer: usize,
) -> Result<ChannelShares, ModelError> {
    let hidden = source.hidden;
    let key = source.vector(CHANNEL_KEY_SHARE, layer, hidden)?;
    let receptance = source.vector(CHANNEL_RECEPTANCE_SHARE, layer, hidden)?;
    Ok(ChannelShares { key, receptance })
}
