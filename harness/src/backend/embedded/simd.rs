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
    /// The registers with integers of 32 bits.
    type Integers: Copy;

    fn load(self, values: &[f32; LANES]) -> Self::Lanes;
    fn store(self, lanes: Self::Lanes) -> [f32; LANES];
    fn splat(self, value: f32) -> Self::Lanes;
    fn mul(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// a · b + c, rounded once.
    fn mul_add(self, a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes;
    /// Pairs of 16-bit integers, the same in every lane; the first is the lower half.
    fn splat_pair(self, pair: i32) -> Self::Integers;
    /// Two neighbouring codes for each lane, as 16-bit integers.
    fn widen_pairs(self, codes: &[i8; 2 * LANES]) -> Self::Integers;
    /// Both products of the pairs of each lane, added to `sums`.
    fn add_products(
        self,
        a: Self::Integers,
        b: Self::Integers,
        sums: Self::Integers,
    ) -> Self::Integers;
    /// The nearest floats.
    fn floats(self, integers: Self::Integers) -> Self::Lanes;
}

/// Something to compute with vectors of any kind.
pub(super) trait Kernel {
    fn run<V: Vector>(self, vector: V);
}

/// The instruction set to use.
#[derive(Debug, Clone, Copy)]
pub(super) enum Processor {
    /// In code for these the compiler turns products of pairs and their addition into one instruction.
    #[cfg(target_arch = "x86_64")]
    Vnni(vnni::Vnni, pulp::x86::V4),
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
                return vnni::Vnni::try_new().map_or(Self::Avx512(v4), |vnni| Self::Vnni(vnni, v4));
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
            Self::Vnni(vnni, v4) => vnni.vectorize(
                #[inline(always)]
                || kernel.run(v4),
            ),
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

/// An instruction set that `pulp` has a name for and no type.
#[cfg(target_arch = "x86_64")]
mod vnni {
    pulp::simd_type! {
        /// AVX-512 with its vector neural network instructions.
        pub(in crate::backend::embedded) struct Vnni {
            avx: "avx",
            avx2: "avx2",
            fma: "fma",
            bmi1: "bmi1",
            bmi2: "bmi2",
            lzcnt: "lzcnt",
            popcnt: "popcnt",
            avx512f: "avx512f",
            avx512bw: "avx512bw",
            avx512cd: "avx512cd",
            avx512dq: "avx512dq",
            avx512vl: "avx512vl",
            avx512vnni: "avx512vnni",
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl Vector for pulp::x86::V4 {
    type Lanes = std::arch::x86_64::__m512;
    type Integers = std::arch::x86_64::__m512i;

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
    fn mul(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
        self.avx512f._mm512_mul_ps(a, b)
    }

    #[inline(always)]
    fn mul_add(self, a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes {
        self.avx512f._mm512_fmadd_ps(a, b, c)
    }

    #[inline(always)]
    fn splat_pair(self, pair: i32) -> Self::Integers {
        self.avx512f._mm512_set1_epi32(pair)
    }

    #[inline(always)]
    fn widen_pairs(self, codes: &[i8; 2 * LANES]) -> Self::Integers {
        self.avx512bw._mm512_cvtepi8_epi16(cast(*codes))
    }

    #[inline(always)]
    fn add_products(
        self,
        a: Self::Integers,
        b: Self::Integers,
        sums: Self::Integers,
    ) -> Self::Integers {
        self.avx512f._mm512_add_epi32(sums, self.avx512bw._mm512_madd_epi16(a, b))
    }

    #[inline(always)]
    fn floats(self, integers: Self::Integers) -> Self::Lanes {
        self.avx512f._mm512_cvtepi32_ps(integers)
    }
}

#[cfg(target_arch = "x86_64")]
impl Vector for pulp::x86::V3 {
    type Lanes = [std::arch::x86_64::__m256; 2];
    type Integers = [std::arch::x86_64::__m256i; 2];

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
    fn mul(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
        [self.avx._mm256_mul_ps(a[0], b[0]), self.avx._mm256_mul_ps(a[1], b[1])]
    }

    #[inline(always)]
    fn mul_add(self, a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes {
        [self.fma._mm256_fmadd_ps(a[0], b[0], c[0]), self.fma._mm256_fmadd_ps(a[1], b[1], c[1])]
    }

    #[inline(always)]
    fn splat_pair(self, pair: i32) -> Self::Integers {
        [self.avx._mm256_set1_epi32(pair); 2]
    }

    #[inline(always)]
    fn widen_pairs(self, codes: &[i8; 2 * LANES]) -> Self::Integers {
        let [low, high]: [[i8; LANES]; 2] = cast(*codes);
        [self.avx2._mm256_cvtepi8_epi16(cast(low)), self.avx2._mm256_cvtepi8_epi16(cast(high))]
    }

    #[inline(always)]
    fn add_products(
        self,
        a: Self::Integers,
        b: Self::Integers,
        sums: Self::Integers,
    ) -> Self::Integers {
        std::array::from_fn(|half| {
            let products = self.avx2._mm256_madd_epi16(a[half], b[half]);
            self.avx2._mm256_add_epi32(sums[half], products)
        })
    }

    #[inline(always)]
    fn floats(self, integers: Self::Integers) -> Self::Lanes {
        integers.map(|half| self.avx._mm256_cvtepi32_ps(half))
    }
}

/// Vectors as arrays.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plain;

impl Vector for Plain {
    type Lanes = [f32; LANES];
    type Integers = [i32; LANES];

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
    fn mul(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
        std::array::from_fn(|lane| a[lane] * b[lane])
    }

    #[inline(always)]
    fn mul_add(self, a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes {
        std::array::from_fn(|lane| a[lane].mul_add(b[lane], c[lane]))
    }

    #[inline(always)]
    fn splat_pair(self, pair: i32) -> Self::Integers {
        [pair; LANES]
    }

    #[inline(always)]
    fn widen_pairs(self, codes: &[i8; 2 * LANES]) -> Self::Integers {
        std::array::from_fn(|lane| {
            cast([i16::from(codes[2 * lane]), i16::from(codes[2 * lane + 1])])
        })
    }

    #[inline(always)]
    fn add_products(
        self,
        a: Self::Integers,
        b: Self::Integers,
        sums: Self::Integers,
    ) -> Self::Integers {
        std::array::from_fn(|lane| {
            let ([a, a_next], [b, b_next]): ([i16; 2], [i16; 2]) = (cast(a[lane]), cast(b[lane]));
            sums[lane] + i32::from(a) * i32::from(b) + i32::from(a_next) * i32::from(b_next)
        })
    }

    #[inline(always)]
    fn floats(self, integers: Self::Integers) -> Self::Lanes {
        integers.map(|integer| integer as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sum<'a>(&'a mut [f32; LANES]);

    impl Kernel for Sum<'_> {
        fn run<V: Vector>(self, vector: V) {
            let codes = std::array::from_fn(|idx| i8::try_from(idx * 4).expect("small") - 60);
            let mut sum = vector.load(self.0);
            let mut products = vector.splat_pair(0);
            for step in 1..50_u8 {
                let factor = vector.splat(1.0 / f32::from(step));
                let pair = vector.splat_pair(i32::from(step) * 0x0151_fe03);
                products = vector.add_products(vector.widen_pairs(&codes), pair, products);
                sum = vector.mul_add(factor, vector.mul(vector.floats(products), factor), sum);
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
        {
            if let Some(v4) = pulp::x86::V4::try_new() {
                assert_eq!(plain, bits(Processor::Avx512(v4)));
            }
            if let Some(v3) = pulp::x86::V3::try_new() {
                assert_eq!(plain, bits(Processor::Avx2(v3)));
            }
        }
    }
}
