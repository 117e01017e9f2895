//! A matrix as a file stores it.

use crate::backend::embedded::matrix::{Bf16, F16};
use candle_core::quantized::GgmlDType;

/// In which form weights are held in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dtype {
    /// As the file has them.
    #[default]
    Stored,
    /// 32-bit floats, whatever the file has: quantised weights are dequantised.
    F32,
    /// 16-bit floats (IEEE 754 binary16).
    F16,
    /// 16-bit floats with the exponent of 32-bit ones.
    Bf16,
}

impl Dtype {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
        }
    }
}

/// Rows of `n_in` weights.
pub(in crate::backend::embedded) struct Tensor {
    pub(in crate::backend::embedded) name: String,
    pub(in crate::backend::embedded) n_in: usize,
    pub(in crate::backend::embedded) values: Values,
}

/// The numbers of a tensor.
pub(in crate::backend::embedded) enum Values {
    /// Bytes of a ggml type that is kept as codes.
    Coded(GgmlDType, Vec<u8>),
    F32(Vec<f32>),
    F16(Vec<F16>),
    Bf16(Vec<Bf16>),
}

impl Values {
    /// Whether both can lie in one packed matrix.
    pub(in crate::backend::embedded) fn is_stored_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Coded(a, _), Self::Coded(b, _)) => a == b,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }

    pub(in crate::backend::embedded) fn as_f32(&self) -> Option<&[f32]> {
        if let Self::F32(values) = self { Some(values) } else { None }
    }

    pub(in crate::backend::embedded) fn as_f16(&self) -> Option<&[F16]> {
        if let Self::F16(values) = self { Some(values) } else { None }
    }

    pub(in crate::backend::embedded) fn as_bf16(&self) -> Option<&[Bf16]> {
        if let Self::Bf16(values) = self { Some(values) } else { None }
    }

    /// Cuts the numbers into equal runs, one for each matrix.
    pub(in crate::backend::embedded) fn split(self, n_matrices: usize) -> Vec<Self> {
        fn runs<V: Clone>(values: &[V], n_matrices: usize) -> impl Iterator<Item = Vec<V>> + '_ {
            values.chunks_exact((values.len() / n_matrices).max(1)).map(<[V]>::to_vec)
        }
        match self {
            Self::Coded(dtype, bytes) => {
                runs(&bytes, n_matrices).map(|bytes| Self::Coded(dtype, bytes)).collect()
            }
            Self::F32(values) => runs(&values, n_matrices).map(Self::F32).collect(),
            Self::F16(values) => runs(&values, n_matrices).map(Self::F16).collect(),
            Self::Bf16(values) => runs(&values, n_matrices).map(Self::Bf16).collect(),
        }
    }

    /// The same numbers in another form. Quantised ones cannot be converted here.
    pub(in crate::backend::embedded) fn into_dtype(self, dtype: Dtype) -> Self {
        let is_there = match dtype {
            Dtype::Stored => true,
            Dtype::F32 => matches!(self, Self::F32(_)),
            Dtype::F16 => matches!(self, Self::F16(_)),
            Dtype::Bf16 => matches!(self, Self::Bf16(_)),
        };
        if is_there {
            return self;
        }
        let values = self.into_f32();
        match dtype {
            Dtype::Stored | Dtype::F32 => Self::F32(values),
            Dtype::F16 => Self::F16(
                values.iter().map(|value| F16(half::f16::from_f32(*value).to_bits())).collect(),
            ),
            Dtype::Bf16 => Self::Bf16(
                values.iter().map(|value| Bf16(half::bf16::from_f32(*value).to_bits())).collect(),
            ),
        }
    }

    /// The numbers as 32-bit floats.
    pub(super) fn into_f32(self) -> Vec<f32> {
        match self {
            Self::F32(values) => values,
            Self::F16(values) => {
                values.iter().map(|value| half::f16::from_bits(value.0).to_f32()).collect()
            }
            Self::Bf16(values) => {
                values.iter().map(|value| half::bf16::from_bits(value.0).to_f32()).collect()
            }
            Self::Coded(dtype, _) => unreachable!("{dtype:?} is dequantised where it is read"),
        }
    }

    /// Sixteen-bit patterns, little end first.
    pub(in crate::backend::embedded) fn u16s(bytes: &[u8]) -> impl Iterator<Item = u16> + '_ {
        bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
    }

    /// 32-bit floats, little end first.
    pub(in crate::backend::embedded) fn f32s(bytes: &[u8]) -> Vec<f32> {
        let quads = bytes.chunks_exact(4);
        quads.map(|quad| f32::from_le_bytes([quad[0], quad[1], quad[2], quad[3]])).collect()
    }
}
