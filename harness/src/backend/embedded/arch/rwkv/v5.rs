//! RWKV-5.2, "Eagle" (Peng et al., arXiv 2404.05892). Versions 5.0 and 5.1, which were not published
//! as folders, have one decay for each head and are refused for it.

use super::{DECAY, Source, Version, heads, v4};
use crate::backend::embedded::gguf::ModelError;
use crate::backend::embedded::model::{FixedLerp, Lerp, Model, Projected, TimeMix};
use crate::backend::embedded::weights::{Checkpoint, Name};

const OWN_SHARES: Projected<Name> = Projected {
    key: Name::new("attention.time_mix_key", ""),
    value: Name::new("attention.time_mix_value", ""),
    receptance: Name::new("attention.time_mix_receptance", ""),
    gate: Name::new("attention.time_mix_gate", ""),
};

pub(in crate::backend::embedded::arch) fn build(
    checkpoint: &mut Checkpoint,
) -> Result<Model, ModelError> {
    super::build(checkpoint, &Version { time, channel_shares: v4::channel_shares })
}

fn time(source: &mut Source<'_>, layer: usize) -> Result<TimeMix, ModelError> {
    let (hidden, n_channels) = (source.hidden, source.n_channels);
    // Stored as the logarithm of the rate.
    let decay = source.vector(DECAY, layer, n_channels)?;
    let lerp = FixedLerp {
        own_shares: Projected {
            key: source.vector(OWN_SHARES.key, layer, hidden)?,
            value: source.vector(OWN_SHARES.value, layer, hidden)?,
            receptance: source.vector(OWN_SHARES.receptance, layer, hidden)?,
            gate: source.vector(OWN_SHARES.gate, layer, hidden)?,
        },
        decay: decay.into_iter().map(|rate| (-rate.exp()).exp()).collect(),
    };
    heads::time(source, layer, Lerp::Fixed(lerp))
}
