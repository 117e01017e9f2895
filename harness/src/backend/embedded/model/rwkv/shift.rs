//! Tokens beside the tokens before them.

/// Rows of a step, each with the one before it in its sequence.
pub(super) struct Shifted {
    pub(super) own: Vec<f32>,
    pub(super) earlier: Vec<f32>,
    pub(super) n_rows: usize,
}

impl Shifted {
    /// Each row and the one before it; `own_shares` says how much of its own each channel has.
    pub(super) fn blend(&self, own_shares: &[f32]) -> Vec<f32> {
        let pairs = self.own.iter().zip(&self.earlier).zip(own_shares.iter().cycle());
        pairs.map(|((own, earlier), share)| own * share + earlier * (1.0 - share)).collect()
    }

    /// Each row moved towards the one before it, by a share for every number of every row.
    pub(super) fn lerp(&self, shares: impl Iterator<Item = f32>) -> Vec<f32> {
        let pairs = self.own.iter().zip(&self.earlier).zip(shares);
        pairs.map(|((own, earlier), share)| (earlier - own).mul_add(share, *own)).collect()
    }
}

/// For each row the one before it in its sequence; the last rows are kept for the next step.
pub(super) fn shift(rows: &[f32], n_tokens: &[usize], lasts: Vec<&mut [f32]>) -> Vec<f32> {
    let mut shifted = Vec::with_capacity(rows.len());
    let mut rest = rows;
    for (n_tokens, last) in n_tokens.iter().zip(lasts) {
        let (rows, after) = rest.split_at(n_tokens * last.len());
        let (earlier, newest) = rows.split_at(rows.len() - last.len());
        shifted.extend_from_slice(last);
        shifted.extend_from_slice(earlier);
        last.copy_from_slice(newest);
        rest = after;
    }
    shifted
}
