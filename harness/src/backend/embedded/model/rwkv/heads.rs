//! The time mix of RWKV-5 and RWKV-6 (Peng et al., arXiv 2404.05892, "Eagle and Finch"): each head
//! remembers a matrix, to which every token adds the product of its key and its value.

use std::ops::Range;

use rayon::prelude::*;

use super::lerp::{Lerp, Projected};
use super::shift::Shifted;
use crate::backend::embedded::math::silu;
use crate::backend::embedded::matrix::Matrix;
use crate::backend::embedded::model::norm::GroupNorm;

/// The weights.
pub(in crate::backend::embedded) struct HeadMix {
    pub(in crate::backend::embedded) head_size: usize,
    pub(in crate::backend::embedded) lerp: Lerp,
    /// How much the current token's product counts in its own output, for each number of its key.
    pub(in crate::backend::embedded) bonus: Vec<f32>,
    pub(in crate::backend::embedded) project: Projected<Matrix>,
    /// One group for each head.
    pub(in crate::backend::embedded) norm: GroupNorm,
    pub(in crate::backend::embedded) output: Matrix,
}

/// What the heads read: one row of numbers for each token.
struct Signals {
    keys: Vec<f32>,
    values: Vec<f32>,
    receptances: Vec<f32>,
    /// What is left of each row of a head's matrix after the token.
    decays: Vec<f32>,
}

/// One head and consecutive tokens of one sequence.
struct Unit<'a> {
    rows: Range<usize>,
    head: usize,
    /// The head's matrix: for each number of the key a row with the numbers of the value.
    past: &'a mut [f32],
}

impl HeadMix {
    pub(super) fn n_past(&self) -> usize {
        self.bonus.len() * self.head_size
    }

    pub(super) fn apply(
        &self,
        rows: &Shifted,
        n_tokens: &[usize],
        pasts: Vec<&mut [f32]>,
    ) -> Vec<f32> {
        let (inputs, decays) = self.lerp.apply(rows);
        let Projected { key, value, receptance, gate } = &self.project;
        let signals = Signals {
            keys: key.apply(&inputs.key, rows.n_rows),
            values: value.apply(&inputs.value, rows.n_rows),
            receptances: receptance.apply(&inputs.receptance, rows.n_rows),
            decays,
        };
        let mut recalled = self.norm.apply(&self.recall(&signals, n_tokens, pasts));
        let gates = gate.apply(&inputs.gate, rows.n_rows);
        for (recalled, gate) in recalled.iter_mut().zip(gates) {
            *recalled *= silu(gate);
        }
        self.output.apply(&recalled, rows.n_rows)
    }

    /// What all heads recall after each token.
    fn recall(&self, signals: &Signals, n_tokens: &[usize], pasts: Vec<&mut [f32]>) -> Vec<f32> {
        let (n_channels, size) = (self.bonus.len(), self.head_size);
        let (mut units, mut start) = (Vec::new(), 0);
        for (n_tokens, past) in n_tokens.iter().zip(pasts) {
            let rows = start..start + n_tokens;
            let heads = past.chunks_exact_mut(size * size).enumerate();
            units.extend(heads.map(|(head, past)| Unit { rows: rows.clone(), head, past }));
            start = rows.end;
        }
        let of_units: Vec<_> = units
            .into_par_iter()
            .map(|unit| (unit.rows.start, unit.head, self.recall_unit(signals, unit)))
            .collect();
        let mut recalled = vec![0.0; start * n_channels];
        for (first_row, head, of_unit) in of_units {
            for (row, of_token) in (first_row..).zip(of_unit.chunks_exact(size)) {
                let at = row * n_channels + head * size;
                recalled[at..at + size].copy_from_slice(of_token);
            }
        }
        recalled
    }

    /// What one head recalls after each token: its matrix, which then takes the token in, multiplied
    /// by the receptance. Products are summed over the key's numbers in their order.
    fn recall_unit(&self, signals: &Signals, unit: Unit<'_>) -> Vec<f32> {
        let (n_channels, size) = (self.bonus.len(), self.head_size);
        let bonuses = &self.bonus[unit.head * size..(unit.head + 1) * size];
        let mut recalled = vec![0.0; unit.rows.len() * size];
        for (row, recalled) in unit.rows.zip(recalled.chunks_exact_mut(size)) {
            let start = row * n_channels + unit.head * size;
            let values = &signals.values[start..start + size];
            for (idx, past) in unit.past.chunks_exact_mut(size).enumerate() {
                let at = start + idx;
                let (key, receptance) = (signals.keys[at], signals.receptances[at]);
                let (bonus, decay) = (bonuses[idx] * key, signals.decays[at]);
                for ((past, value), recalled) in past.iter_mut().zip(values).zip(&mut *recalled) {
                    *recalled = receptance.mul_add(bonus.mul_add(*value, *past), *recalled);
                    *past = decay.mul_add(*past, key * value);
                }
            }
        }
        recalled
    }
}
