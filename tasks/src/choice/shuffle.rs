//! The order in which options are shown.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::PythonRandom;
use crate::{Item, ItemId, Target};

/// Who decides the order of the options. The order is part of the exam: figures under two protocols
/// compare as averages, never item by item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShuffleProtocol {
    /// One stream of `Random(0)` over all repeats of the data set, a `sample(range(4), 4)` for each
    /// question; every repeat shows another order (simple-evals, commit ee3b031, `gpqa_eval.py`).
    #[default]
    SimpleEvals,
    /// One stream of `Random(42)` over the data set, a `shuffle` for each question; all samples of a
    /// question show one order (`inspect_evals` 0.26.0, `gpqa.py`; `inspect_ai`, commit 499e615,
    /// `dataset/_dataset.py`).
    Inspect,
    /// An order derived from the run seed, the task and the item's name alone: our own, which holds
    /// whatever the order of the rows and in every subset.
    PerItem,
}

impl ShuffleProtocol {
    /// All protocols, the default first.
    pub const ALL: [Self; 3] = [Self::SimpleEvals, Self::Inspect, Self::PerItem];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::SimpleEvals => "simple-evals",
            Self::Inspect => "inspect",
            Self::PerItem => "per-item",
        }
    }

    /// The protocol with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name() == name)
    }
}

/// An order of four options: the option shown at place i stood at place `self.0[i]` before, where
/// place 0 is the correct answer and the incorrect ones follow as in the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "[u8; 4]", into = "[u8; 4]")]
pub struct Permutation([u8; 4]);

impl TryFrom<[u8; 4]> for Permutation {
    type Error = String;

    fn try_from(places: [u8; 4]) -> Result<Self, String> {
        let mut sorted = places;
        sorted.sort_unstable();
        if sorted == [0, 1, 2, 3] {
            Ok(Self(places))
        } else {
            Err(format!("{places:?} is no order of four options"))
        }
    }
}

impl From<Permutation> for [u8; 4] {
    fn from(order: Permutation) -> Self {
        order.0
    }
}

impl Permutation {
    /// The places before, in the order of display.
    pub fn sources(self) -> [usize; 4] {
        self.0.map(usize::from)
    }
}

/// The orders of a whole data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permutations {
    n_items: usize,
    /// For each sample the orders of all items; one row only where samples share it.
    rows: Vec<Vec<Permutation>>,
    is_shared: bool,
}

impl Permutations {
    /// Draws the orders of `n_samples` samples of each item. `item_ids` are those of the full data
    /// set in its own order, also where a run asks only some: a subset then sees the same exam.
    /// `run_seed` and `task` matter to [`ShuffleProtocol::PerItem`] alone.
    pub fn draw(
        protocol: ShuffleProtocol,
        run_seed: u64,
        task: &str,
        item_ids: &[ItemId],
        n_samples: u32,
    ) -> Self {
        let mut random;
        let rows = match protocol {
            ShuffleProtocol::SimpleEvals => {
                random = PythonRandom::new(0);
                let mut row = || item_ids.iter().map(|_| sampled(&mut random)).collect();
                (0..n_samples).map(|_| row()).collect()
            }
            ShuffleProtocol::Inspect => {
                random = PythonRandom::new(42);
                vec![item_ids.iter().map(|_| shuffled(&mut random)).collect()]
            }
            ShuffleProtocol::PerItem => {
                vec![item_ids.iter().map(|item| of_item(run_seed, task, item)).collect()]
            }
        };
        let is_shared = protocol != ShuffleProtocol::SimpleEvals;
        Self { n_items: item_ids.len(), rows, is_shared }
    }

    /// The order that a sample of an item shows, where the item's place is counted in the full data
    /// set; `None` for an item or a sample that was not drawn.
    pub fn of(&self, item_idx: usize, sample_idx: u32) -> Option<Permutation> {
        let row_idx = if self.is_shared { 0 } else { usize::try_from(sample_idx).ok()? };
        self.rows.get(row_idx)?.get(item_idx).copied()
    }

    /// Items in the full data set.
    pub fn n_items(&self) -> usize {
        self.n_items
    }
}

/// Gives every sample of every choice item its order. `items` are those of the full data set in its
/// own order, also where a run asks only some of them; items of other kinds stay as they are.
pub fn draw_orders(
    items: &mut [Item],
    protocol: ShuffleProtocol,
    run_seed: u64,
    (task, n_samples): (&str, u32),
) {
    let item_ids: Vec<ItemId> = items.iter().map(|item| item.id.clone()).collect();
    let drawn = Permutations::draw(protocol, run_seed, task, &item_ids, n_samples);
    for (item_idx, item) in items.iter_mut().enumerate() {
        if let Target::Choice(target) = &mut item.target {
            target.protocol = protocol;
            let order = |sample_idx| drawn.of(item_idx, sample_idx).expect("it was drawn");
            target.orders = (0..n_samples).map(order).collect();
        }
    }
}

fn sampled(random: &mut PythonRandom) -> Permutation {
    Permutation(random.sample_all([0, 1, 2, 3]))
}

fn shuffled(random: &mut PythonRandom) -> Permutation {
    let mut order = [0, 1, 2, 3];
    random.shuffle(&mut order);
    Permutation(order)
}

/// A Fisher–Yates shuffle whose draws are 64-bit words of a SHA-256 digest, reduced by remainder:
/// the bias is below 2⁻⁶¹. The parts are length-prefixed, so no two items share a digest by
/// concatenation.
fn of_item(run_seed: u64, task: &str, item: &ItemId) -> Permutation {
    let mut hasher = Sha256::new();
    hasher.update(b"evalrun choice order v1");
    hasher.update(run_seed.to_le_bytes());
    for part in [task, &item.0] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let digest = hasher.finalize();
    let mut order = [0, 1, 2, 3];
    for (place, bytes) in [3_u8, 2, 1].into_iter().zip(digest.chunks_exact(8)) {
        let word = bytes.iter().rev().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        let other = u8::try_from(word % (u64::from(place) + 1)).expect("a remainder below five");
        order.swap(usize::from(place), usize::from(other));
    }
    Permutation(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn ids(names: impl IntoIterator<Item = usize>) -> Vec<ItemId> {
        names.into_iter().map(|name| ItemId(format!("rec{name}"))).collect()
    }

    fn draw(protocol: ShuffleProtocol, n_items: usize, n_samples: u32) -> Permutations {
        Permutations::draw(protocol, 0, "gpqa_diamond", &ids(0..n_items), n_samples)
    }

    fn check(protocol: ShuffleProtocol, at: (usize, u32), expected: [usize; 4]) {
        let order = draw(protocol, 198, 2).of(at.0, at.1).expect("it was drawn");
        assert_eq!(order.sources(), expected, "{protocol:?} {at:?}");
    }

    #[test]
    fn orders_are_those_of_the_protocol() {
        // `random.Random(0).sample(range(4), 4)` and `random.Random(42).shuffle(…)` of CPython 3.11.7.
        check(ShuffleProtocol::SimpleEvals, (0, 0), [3, 1, 0, 2]);
        check(ShuffleProtocol::SimpleEvals, (3, 0), [2, 0, 3, 1]);
        check(ShuffleProtocol::SimpleEvals, (0, 1), [2, 1, 0, 3]);
        check(ShuffleProtocol::Inspect, (0, 0), [2, 1, 3, 0]);
        check(ShuffleProtocol::Inspect, (1, 0), [3, 2, 0, 1]);
        check(ShuffleProtocol::Inspect, (1, 1), [3, 2, 0, 1]);
        // Changing this order changes every published run; bump the version text instead.
        check(ShuffleProtocol::PerItem, (7, 1), PINNED);
        assert_eq!(draw(ShuffleProtocol::SimpleEvals, 198, 2).of(198, 0), None);
        assert_eq!(draw(ShuffleProtocol::SimpleEvals, 198, 2).of(0, 2), None);
    }

    #[test]
    fn stored_orders_are_checked() {
        let check = |json: &str, is_order: bool| {
            let read = serde_json::from_str::<Permutation>(json).ok();
            let again = read.map(|order| serde_json::to_string(&order).expect("plain data"));
            assert_eq!(again.as_deref(), is_order.then_some(json));
        };
        check("[3,1,0,2]", true);
        check("[1,1,1,1]", false);
        check("[0,1,2,9]", false);
    }

    #[test]
    fn more_samples_leave_earlier_ones_as_they_were() {
        for protocol in ShuffleProtocol::ALL {
            let (few, many) = (draw(protocol, 40, 2), draw(protocol, 40, 5));
            for at in (0..40).flat_map(|item| [(item, 0), (item, 1)]) {
                assert_eq!(few.of(at.0, at.1), many.of(at.0, at.1), "{protocol:?}");
            }
        }
    }

    #[test]
    fn per_item_orders_ignore_order_and_subset() {
        let order = |names: Vec<usize>, at| {
            Permutations::draw(ShuffleProtocol::PerItem, 5, "t", &ids(names), 1).of(at, 0)
        };
        assert_eq!(order(vec![1, 2, 3], 2), order(vec![3], 0));
        let mut counts: BTreeMap<[usize; 4], usize> = BTreeMap::new();
        let all = draw(ShuffleProtocol::PerItem, 24_000, 1);
        for at in 0..24_000 {
            *counts.entry(all.of(at, 0).unwrap().sources()).or_default() += 1;
        }
        // Each of the 24 orders is expected 1000 times, with a standard deviation of 31.
        assert_eq!(counts.len(), 24);
        assert!(counts.values().all(|n| (850..1_150).contains(n)), "{counts:?}");
    }

    #[test]
    fn per_item_orders_depend_on_seed_and_task() {
        let draw =
            |seed, task| Permutations::draw(ShuffleProtocol::PerItem, seed, task, &ids(0..50), 1);
        assert_ne!(draw(0, "t"), draw(1, "t"));
        assert_ne!(draw(0, "t"), draw(0, "u"));
    }

    const PINNED: [usize; 4] = [3, 2, 1, 0];
}
