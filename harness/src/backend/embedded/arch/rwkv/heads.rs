//! What RWKV-5 and RWKV-6 have in common.

use super::{Source, TIME};
use crate::backend::embedded::arch::parts;
use crate::backend::embedded::gguf::ModelError;
use crate::backend::embedded::model::{GroupNorm, HeadMix, Lerp, Projected, TimeMix};
use crate::backend::embedded::weights::{Key, Name};

const HEAD_SIZE: Key = Key::both("head_size", "wkv.head_size");
const HEAD_SIZE_DIVISOR: Key = Key::hf("head_size_divisor");

const BONUS: Name = Name::new("attention.time_faaaa", "time_mix_first.weight");
const HEAD_NORM: Name = Name::new("attention.ln_x", "time_mix_ln");

/// The size of a head where the settings name none (`configuration_rwkv5.py`).
const USUAL_HEAD_SIZE: usize = 64;

/// What training divides the heads' outputs by, where the settings name nothing else
/// (`configuration_rwkv6.py`). Programs leave out the division and multiply the ε of the norm that
/// follows by the square instead; the reference package has the product, 64 · 10⁻⁵, as a constant.
const USUAL_DIVISOR: f64 = 8.0;

/// The time mix, whose mixtures and decays have been read.
pub(super) fn time(
    source: &mut Source<'_>,
    layer: usize,
    lerp: Lerp,
) -> Result<TimeMix, ModelError> {
    let n_channels = source.n_channels;
    let head_size = source.checkpoint.number(HEAD_SIZE).unwrap_or(USUAL_HEAD_SIZE);
    if head_size == 0 || !n_channels.is_multiple_of(head_size) {
        return Err(ModelError::Missing(format!(
            "size of heads: {n_channels} channels cannot be cut into heads of {head_size}"
        )));
    }
    let divisor = source.checkpoint.float(HEAD_SIZE_DIVISOR).unwrap_or(USUAL_DIVISOR);
    let (weights, bias) = source.affine(HEAD_NORM, Some(layer), n_channels)?;
    Ok(TimeMix::Heads(Box::new(HeadMix {
        head_size,
        lerp,
        bonus: source.vector(BONUS, layer, n_channels)?,
        project: Projected {
            key: source.projection(TIME.key, layer)?,
            value: source.projection(TIME.value, layer)?,
            receptance: source.projection(TIME.receptance, layer)?,
            gate: source.projection(TIME.gate, layer)?,
        },
        norm: GroupNorm {
            weights,
            bias,
            group_len: head_size,
            eps: parts::narrow(1e-5 * divisor * divisor),
        },
        output: source.time_output(layer)?,
    })))
}
