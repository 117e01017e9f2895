//! Vectors of sixteen numbers in the widest registers the processor has.
//!
//! The same kernel is compiled for each instruction set and chosen while running. All of them round
//! every product-and-sum once, so results are the same bits on every processor.

#![expect(
    clippy::inline_always,
    reason = "kernels must lie inside code compiled for one instruction set"
)]

use pulp::cast;

/// Numbers computed side by side.
pub(super) const LANES: usize = 16;

/// Sixteen numbers and what can be done with them. The value itself is the proof that the processor
/// has the instructions.
pub(super) trait Vector: Copy + Send + Sync {
    /// The registers.
    type Lanes: Copy;

    fn load(self, values: &[f32; LANES]) -> Self::Lanes;
    fn store(self, lanes: Self::Lanes) -> [f32; LANES];
    fn splat(self, value: f32) -> Self::Lanes;
    /// Small integers as floats.
    fn widen(self, codes: &[i8; LANES]) -> Self::Lanes;
    /// a · b + c, rounded once.
    fn mul_add(self, a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes;
}

/// Something to compute with vectors of any kind.
pub(super) trait Kernel {
    fn run<V: Vector>(self, vector: V);
}

/// The instruction set to use.
#[derive(Debug, Clone, Copy)]
pub(super) enum Processor {
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    /// What the compiler makes of plain loops.
    Plain,
}

impl Processor {
    /// The best one that the processor has.
    pub(super) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(v4) = pulp::x86::V4::try_new() {
                return Self::Avx512(v4);
            }
            if let Some(v3) = pulp::x86::V3::try_new() {
                return Self::Avx2(v3);
            }
        }
        Self::Plain
    }

    /// Runs a kernel in code compiled for this instruction set.
    #[inline(always)]
    pub(super) fn run(self, kernel: impl Kernel) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(v4) => v4.vectorize(
                #[inline(always)]
                || kernel.run(v4),
            ),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(v3) => v3.vectorize(
                #[inline(always)]
                || kernel.run(v3),
            ),
            Self::Plain => kernel.run(Plain),
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl Vector for pulp::x86::V4 {
    type Lanes = std::arch::x86_64::__m512;

    #[inline(always)]
    fn load(self, values: &[f32; LANES]) -> Self::Lanes {
        cast(*values)
    }

    #[inline(always)]
    fn store(self, lanes: Self::Lanes) -> [f32; LANES] {
        cast(lanes)
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Self::Lanes {
        self.avx512f._mm512_set1_ps(value)
    }

    #[inline(always)]
    fn widen(self, codes: &[i8; LANES]) -> Self::Lanes {
        self.avx512f._mm512_cvtepi32_ps(self.avx512f._mm512_cvtepi8_epi32(cast(*codes)))
    }

    #[inline(always)]
    fn mul_add(self, a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes {
        self.avx512f._mm512_fmadd_ps(a, b, c)
    }
}

#[cfg(target_arch = "x86_64")]
impl Vector for pulp::x86::V3 {
    type Lanes = [std::arch::x86_64::__m256; 2];

    #[inline(always)]
    fn load(self, values: &[f32; LANES]) -> Self::Lanes {
        cast(*values)
    }

    #[inline(always)]
    fn store(self, lanes: Self::Lanes) -> [f32; LANES] {
        cast(lanes)
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Self::Lanes {
        [self.avx._mm256_set1_ps(value); 2]
    }

    #[inline(always)]
    fn widen(self, codes: &[i8; LANES]) -> Self::Lanes {
        let [low, high]: [u64; 2] = cast(*codes);
        let widened = |half: u64| {
            let codes = cast([half, 0]);
            self.avx._mm256_cvtepi32_ps(self.avx2._mm256_cvtepi8_epi32(codes))
        };
        [widened(low), widened(high)]
    }

    #[inline(always)]
    fn mul_add(self, a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes {
        [self.fma._mm256_fmadd_ps(a[0], b[0], c[0]), self.fma._mm256_fmadd_ps(a[1], b[1], c[1])]
    }
}

/// Vectors as arrays.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plain;

impl Vector for Plain {
    type Lanes = [f32; LANES];

    #[inline(always)]
    fn load(self, values: &[f32; LANES]) -> Self::Lanes {
        *values
    }

    #[inline(always)]
    fn store(self, lanes: Self::Lanes) -> [f32; LANES] {
        lanes
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Self::Lanes {
        [value; LANES]
    }

    #[inline(always)]
    fn widen(self, codes: &[i8; LANES]) -> Self::Lanes {
        codes.map(f32::from)
    }

    #[inline(always)]
    fn mul_add(self, a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes {
        std::array::from_fn(|lane| a[lane].mul_add(b[lane], c[lane]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sum<'a>(&'a mut [f32; LANES]);

    impl Kernel for Sum<'_> {
        fn run<V: Vector>(self, vector: V) {
            let codes = std::array::from_fn(|lane| i8::try_from(lane).expect("small") - 8);
            let mut sum = vector.load(self.0);
            for step in 1..50_u8 {
                let factor = vector.splat(1.0 / f32::from(step));
                sum = vector.mul_add(factor, vector.widen(&codes), sum);
            }
            *self.0 = vector.store(sum);
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let start: [f32; LANES] = std::array::from_fn(|lane| (lane as f32 + 0.3).sqrt());
        let bits = |processor: Processor| {
            let mut sum = start;
            processor.run(Sum(&mut sum));
            sum.map(f32::to_bits)
        };
        let plain = bits(Processor::Plain);
        assert_eq!(plain, bits(Processor::detect()));
        #[cfg(target_arch = "x86_64")]
        if let Some(v3) = pulp::x86::V3::try_new() {
            assert_eq!(plain, bits(Processor::Avx2(v3)));
        }
    }
}
