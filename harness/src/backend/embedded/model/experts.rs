//! Mixtures of experts (Shazeer et al., arXiv 1701.06538, as in Mixtral, Qwen and `DeepSeek` models).

use super::Gated;
use crate::backend::embedded::math::{add_scaled, dot, exp, softmax};
use crate::backend::embedded::matrix::Matrix;

/// Feed-forward networks of which a router chooses a few for each token.
pub(in crate::backend::embedded) struct Experts {
    pub(in crate::backend::embedded) router: Matrix,
    pub(in crate::backend::embedded) networks: Vec<Gated>,
    pub(in crate::backend::embedded) n_used: usize,
    pub(in crate::backend::embedded) weighting: Weighting,
    pub(in crate::backend::embedded) groups: Option<Groups>,
    pub(in crate::backend::embedded) shared: Option<Shared>,
}

/// What a chosen expert's output is multiplied with.
#[derive(Debug, Clone, Copy)]
pub(in crate::backend::embedded) enum Weighting {
    /// Its share among the chosen ones.
    Normalised,
    /// Its probability among all, times a factor.
    Scaled(f32),
}

/// Experts come in groups, and only the best groups are looked at (DeepSeek-V2, arXiv 2405.04434).
#[derive(Debug, Clone, Copy)]
pub(in crate::backend::embedded) struct Groups {
    pub(in crate::backend::embedded) n_groups: usize,
    pub(in crate::backend::embedded) n_used: usize,
}

/// A network that every token passes, with a sigmoid gate or without.
pub(in crate::backend::embedded) struct Shared {
    pub(in crate::backend::embedded) network: Gated,
    pub(in crate::backend::embedded) gate: Option<Vec<f32>>,
}

impl Experts {
    /// Every token's sum runs over its experts in the order of their numbers, so it does not depend
    /// on its neighbours.
    pub(super) fn apply(&self, x: &[f32], n_rows: usize) -> Vec<f32> {
        let width = x.len() / n_rows;
        let mut scores = self.router.apply(x, n_rows);
        let chosen: Vec<Vec<(usize, f32)>> =
            scores.chunks_exact_mut(self.networks.len()).map(|scores| self.choose(scores)).collect();
        let mut sums = vec![0.0; x.len()];
        for (expert_idx, expert) in self.networks.iter().enumerate() {
            let mut rows = Vec::new();
            for (row, chosen) in chosen.iter().enumerate() {
                let weight = chosen.iter().find(|(idx, _)| *idx == expert_idx);
                rows.extend(weight.map(|(_, weight)| (row, *weight)));
            }
            if rows.is_empty() {
                continue;
            }
            let inputs: Vec<f32> = rows
                .iter()
                .flat_map(|(row, _)| &x[row * width..(row + 1) * width])
                .copied()
                .collect();
            let outputs = expert.apply(&inputs, rows.len());
            for ((row, weight), output) in rows.iter().zip(outputs.chunks_exact(width)) {
                add_scaled(&mut sums[row * width..(row + 1) * width], *weight, output);
            }
        }
        if let Some(shared) = &self.shared {
            shared.add_to(&mut sums, x, n_rows);
        }
        sums
    }

    /// The experts of one token with their weights, from the router's scores.
    fn choose(&self, scores: &mut [f32]) -> Vec<(usize, f32)> {
        softmax(scores);
        let allowed = self.groups.map(|groups| groups.best(scores));
        let n_per_group = self.groups.map_or(1, |groups| scores.len() / groups.n_groups);
        let is_allowed = |idx: usize| {
            allowed.as_ref().is_none_or(|allowed| allowed.contains(&(idx / n_per_group)))
        };
        let candidates = scores.iter().copied().enumerate().filter(|(idx, _)| is_allowed(*idx));
        let mut chosen = greatest(candidates.collect(), self.n_used);
        let factor = match self.weighting {
            Weighting::Normalised => 1.0 / chosen.iter().map(|(_, weight)| weight).sum::<f32>(),
            Weighting::Scaled(factor) => factor,
        };
        for (_, weight) in &mut chosen {
            *weight *= factor;
        }
        chosen
    }
}

impl Groups {
    /// The groups with the best experts.
    fn best(self, scores: &[f32]) -> Vec<usize> {
        let groups = scores.chunks_exact(scores.len() / self.n_groups);
        let bests = groups.map(|group| group.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        greatest(bests.enumerate().collect(), self.n_used).into_iter().map(|(idx, _)| idx).collect()
    }
}

impl Shared {
    fn add_to(&self, sums: &mut [f32], x: &[f32], n_rows: usize) {
        let width = x.len() / n_rows;
        let outputs = self.network.apply(x, n_rows);
        let rows = sums.chunks_exact_mut(width).zip(x.chunks_exact(width));
        for ((sums, x), output) in rows.zip(outputs.chunks_exact(width)) {
            let open = self.gate.as_ref().map_or(1.0, |gate| 1.0 / (1.0 + exp(-dot(gate, x))));
            add_scaled(sums, open, output);
        }
    }
}

/// The `n` greatest, the first of equals, in the order of their numbers.
fn greatest(mut candidates: Vec<(usize, f32)>, n: usize) -> Vec<(usize, f32)> {
    candidates.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    candidates.truncate(n);
    candidates.sort_by_key(|(idx, _)| *idx);
    candidates
}
