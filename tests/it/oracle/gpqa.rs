//! Orders of options as `CPython` draws them for simple-evals and `inspect_evals`.

use serde_json::Value;
use tasks::ItemId;
use tasks::choice::{Permutations, ShuffleProtocol};

use super::{folder, report, say};

const FILE: &str = "gpqa/permutations.json";

/// Items of the diamond set.
const N_ITEMS: usize = 198;

#[test]
fn every_order_agrees() {
    let Ok(text) = std::fs::read_to_string(folder().join(FILE)) else {
        say(&format!("oracle {FILE}: absent"));
        return;
    };
    let vectors: Value = serde_json::from_str(&text).expect("an oracle is JSON");
    let files = [
        ("simple_evals_seed0_sample_198x4", ShuffleProtocol::SimpleEvals),
        ("shuffle_seed42_198", ShuffleProtocol::Inspect),
    ];
    for (name, protocol) in files {
        let expected = orders(&vectors[name]);
        let disagreements: Vec<String> = disagreements(protocol, &expected);
        report(&format!("{FILE} {name}"), expected.len(), &disagreements, 1.0);
    }
}

fn orders(vectors: &Value) -> Vec<Vec<u64>> {
    let orders: Vec<Vec<u64>> = vectors
        .as_array()
        .into_iter()
        .flatten()
        .map(|order| order.as_array().into_iter().flatten().filter_map(Value::as_u64).collect())
        .collect();
    assert!(orders.len() >= N_ITEMS, "an oracle holds a whole data set");
    orders
}

/// Draws as many samples as the vectors hold, item by item in each sample.
fn disagreements(protocol: ShuffleProtocol, expected: &[Vec<u64>]) -> Vec<String> {
    let item_ids: Vec<ItemId> = (0..N_ITEMS).map(|idx| ItemId(format!("item-{idx}"))).collect();
    let n_samples = u32::try_from(expected.len() / N_ITEMS).expect("a few samples");
    let drawn = Permutations::draw(protocol, 0, "gpqa_diamond", &item_ids, n_samples);
    let places = (0..n_samples).flat_map(|sample| (0..N_ITEMS).map(move |item| (item, sample)));
    let differs = places.zip(expected).filter_map(|((item, sample), expected)| {
        let ours = drawn.of(item, sample).expect("it was drawn").sources();
        let agrees = ours.iter().map(|place| *place as u64).eq(expected.iter().copied());
        (!agrees).then(|| format!("item {item}, sample {sample}: {ours:?}, upstream {expected:?}"))
    });
    differs.collect()
}
