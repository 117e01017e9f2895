//! Blocks of quantised weights (ggml, `ggml-common.h` and `ggml-quants.c`): codes of one byte that
//! share a scale and an offset.

use candle_core::quantized::GgmlDType;

/// weight = code · scale + offset, for 16 or 32 neighbouring weights.
pub(super) struct Block<'a> {
    pub(super) codes: &'a [i8],
    pub(super) scale: f32,
    pub(super) offset: f32,
}

/// Weights that share a scale in the type; `None` where weights are kept as plain numbers.
pub(super) fn block_len(dtype: GgmlDType) -> Option<usize> {
    use GgmlDType::{Q2K, Q3K, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0};
    match dtype {
        Q4_0 | Q4_1 | Q5_0 | Q5_1 | Q8_0 | Q4K | Q5K => Some(32),
        Q2K | Q3K | Q6K => Some(16),
        _ => None,
    }
}

/// Whether a coded type has scales and no offsets.
pub(super) fn is_symmetric(dtype: GgmlDType) -> bool {
    use GgmlDType::{Q3K, Q4_0, Q5_0, Q6K, Q8_0};
    matches!(dtype, Q4_0 | Q5_0 | Q8_0 | Q3K | Q6K)
}

/// Reads the blocks of one stored unit of a coded type: 32 weights, or 256 for the `K` types.
pub(super) fn decode(dtype: GgmlDType, bytes: &[u8], mut each: impl FnMut(Block<'_>)) {
    let half = |at: usize| half(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let mut whole = |codes: [i8; 32], scale: f32, offset: f32| {
        each(Block { codes: &codes, scale, offset });
    };
    match dtype {
        GgmlDType::Q4_0 => whole(nibbles(&bytes[2..]).map(|code| code - 8), half(0), 0.0),
        GgmlDType::Q4_1 => whole(nibbles(&bytes[4..]), half(0), half(2)),
        GgmlDType::Q5_0 => {
            let codes = fifth_bits(nibbles(&bytes[6..]), &bytes[2..6]);
            whole(codes.map(|code| code - 16), half(0), 0.0);
        }
        GgmlDType::Q5_1 => whole(fifth_bits(nibbles(&bytes[8..]), &bytes[4..8]), half(0), half(2)),
        GgmlDType::Q8_0 => {
            whole(std::array::from_fn(|idx| bytes[2 + idx].cast_signed()), half(0), 0.0);
        }
        GgmlDType::Q4K => {
            let codes = |block: usize| half_bytes(&bytes[16..144], block);
            scaled_and_shifted((half(0), half(2)), &bytes[4..16], codes, whole);
        }
        GgmlDType::Q5K => {
            let (high, low) = (&bytes[16..48], &bytes[48..176]);
            let codes = |block: usize| {
                let codes = half_bytes(low, block);
                std::array::from_fn(|idx| codes[idx] | bit_4(high[idx] >> block))
            };
            scaled_and_shifted((half(0), half(2)), &bytes[4..16], codes, whole);
        }
        GgmlDType::Q2K => two_bits(bytes, (half(80), half(82)), each),
        GgmlDType::Q3K => three_bits(bytes, half(108), each),
        GgmlDType::Q6K => six_bits(bytes, half(208), each),
        other => unreachable!("{other:?} is not a coded type"),
    }
}

/// A 16-bit float (IEEE 754 binary16); infinities and NaN do not occur in weights.
#[inline(always)]
pub(super) fn half(bits: u16) -> f32 {
    // Moving the fields into place leaves an exponent that is too small by 112, subnormals included.
    const SCALE: f32 = f32::from_bits(0x7780_0000);
    let magnitude = f32::from_bits(u32::from(bits & 0x7fff) << 13) * SCALE;
    f32::from_bits(magnitude.to_bits() | u32::from(bits & 0x8000) << 16)
}

/// The lower halves of 16 bytes, then the upper ones.
fn nibbles(bytes: &[u8]) -> [i8; 32] {
    std::array::from_fn(|idx| {
        let byte = bytes[idx % 16];
        (if idx < 16 { byte & 15 } else { byte >> 4 }).cast_signed()
    })
}

fn fifth_bits(codes: [i8; 32], high: &[u8]) -> [i8; 32] {
    std::array::from_fn(|idx| codes[idx] | bit_4(high[idx / 8] >> (idx % 8)))
}

/// The lowest bit, as the fifth of a code.
fn bit_4(byte: u8) -> i8 {
    ((byte & 1) << 4).cast_signed()
}

/// Codes of block `block` where each 32 bytes hold two blocks: lower halves, then upper halves.
fn half_bytes(bytes: &[u8], block: usize) -> [i8; 32] {
    std::array::from_fn(|idx| (bytes[block / 2 * 32 + idx] >> (block % 2 * 4) & 15).cast_signed())
}

/// The eight blocks of `Q4_K` and `Q5_K`: scales and offsets are 6-bit multiples of two floats.
fn scaled_and_shifted(
    (scale, offset): (f32, f32),
    packed: &[u8],
    codes: impl Fn(usize) -> [i8; 32],
    mut each: impl FnMut([i8; 32], f32, f32),
) {
    for block in 0..8 {
        let (scales, offsets) = if block < 4 {
            (packed[block] & 63, packed[block + 4] & 63)
        } else {
            (
                packed[block + 4] & 15 | packed[block - 4] >> 6 << 4,
                packed[block + 4] >> 4 | packed[block] >> 6 << 4,
            )
        };
        each(codes(block), scale * f32::from(scales), -offset * f32::from(offsets));
    }
}

/// The sixteen blocks of `Q2_K`: scale and offset of a block are the halves of one byte.
fn two_bits(bytes: &[u8], (scale, offset): (f32, f32), mut each: impl FnMut(Block<'_>)) {
    let codes = &bytes[16..80];
    for (block, factors) in bytes[..16].iter().enumerate() {
        each(Block {
            codes: &crumbs(codes, block),
            scale: scale * f32::from(*factors & 15),
            offset: -offset * f32::from(*factors >> 4),
        });
    }
}

/// The sixteen blocks of `Q3_K`: two bits of a code, a third one that is set where 4 is not taken
/// away, and 6-bit scales in twelve bytes.
fn three_bits(bytes: &[u8], scale: f32, mut each: impl FnMut(Block<'_>)) {
    let (high, codes, packed) = (&bytes[..32], &bytes[32..96], &bytes[96..108]);
    for block in 0..16 {
        let low = packed[block % 8] >> (block / 8 * 4) & 15;
        let scales = low | (packed[8 + block % 4] >> (block / 4 * 2) & 3) << 4;
        let low = crumbs(codes, block);
        let codes: [i8; 16] = std::array::from_fn(|idx| {
            let is_set = high[block % 2 * 16 + idx] >> (block / 2) & 1 == 1;
            low[idx] - if is_set { 0 } else { 4 }
        });
        each(Block { codes: &codes, scale: scale * (f32::from(scales) - 32.0), offset: 0.0 });
    }
}

/// Two-bit codes of block `block`: 32 bytes hold eight blocks, two for each pair of bits.
fn crumbs(bytes: &[u8], block: usize) -> [i8; 16] {
    let (group, shift, side) = (block / 8 * 32, block % 8 / 2 * 2, block % 2 * 16);
    std::array::from_fn(|idx| (bytes[group + side + idx] >> shift & 3).cast_signed())
}

/// The sixteen blocks of `Q6_K`: four bits of a code in one place, two in another, 8-bit scales.
fn six_bits(bytes: &[u8], scale: f32, mut each: impl FnMut(Block<'_>)) {
    let (low, high, scales) = (&bytes[..128], &bytes[128..192], &bytes[192..208]);
    for block in 0..16 {
        let (group, quarter, side) = (block / 8, block % 8 / 2, block % 2 * 16);
        let codes: [i8; 16] = std::array::from_fn(|idx| {
            let at = side + idx;
            let low = low[group * 64 + quarter % 2 * 32 + at] >> (quarter / 2 * 4) & 15;
            let high = high[group * 32 + at] >> (quarter * 2) & 3;
            (low | high << 4).cast_signed() - 32
        });
        let scales = f32::from(scales[block].cast_signed());
        each(Block { codes: &codes, scale: scale * scales, offset: 0.0 });
    }
}
