//! Upstream's tables of scores for synthetic models.

use results::metric::calls::{
    CategoryScore, CategoryScores, Cost, ModelRow, Usage, leaderboard, sensitivity,
};
use serde_json::Value;
use tasks::calls::Category;

use super::{folder, report, say, text};

const FILE: &str = "bfcl/score_aggregation.json";
/// The price of the one synthetic model that is paid by token.
const PRICED: &str = "synthetic-d";

fn score(counts: &Value) -> CategoryScore {
    let count = |field: &str| {
        usize::try_from(counts[field].as_u64().expect("a count")).expect("a small count")
    };
    CategoryScore { n_correct: count("correct_count"), n_total: count("total_count") }
}

/// The numbers of a field over all records that are not zero, lists of lists flattened.
fn numbers(records: &Value, field: &str) -> Vec<f64> {
    fn flatten(value: &Value, out: &mut Vec<f64>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| flatten(item, out)),
            value => out.extend(value.as_f64().filter(|number| *number != 0.0)),
        }
    }
    let mut out = Vec::new();
    for record in records.as_array().into_iter().flatten() {
        flatten(&record[field], &mut out);
    }
    out
}

fn model((name, model): (&String, &Value)) -> ModelRow {
    let categories = model["categories"].as_object().expect("categories");
    let scores = categories
        .iter()
        .map(|(name, counts)| (Category::named(name).expect("a category"), score(counts)));
    let scores: CategoryScores = scores.collect();
    let configs = model["format_sensitivity"]["per_config"].as_object();
    let spread = configs.map(|configs| {
        sensitivity(configs.iter().map(|(name, counts)| (name.clone(), score(counts))).collect())
    });
    let records = &model["result_records"];
    ModelRow {
        name: name.clone(),
        link: format!("https://example.org/{name}"),
        organization: "Synthetic".to_owned(),
        license: "none".to_owned(),
        cost: if name == PRICED { Cost::Tokens { input: 2.5, output: 10.0 } } else { Cost::Time },
        usage: Usage {
            latencies_s: numbers(records, "latency"),
            input_tokens: numbers(records, "input_token_count"),
            output_tokens: numbers(records, "output_token_count"),
        },
        scores,
        sensitivity: spread,
    }
}

#[test]
fn tables_are_upstreams() {
    let Ok(oracle) = std::fs::read_to_string(folder().join(FILE)) else {
        say(&format!("oracle {FILE}: absent"));
        return;
    };
    let oracle: Value = serde_json::from_str(&oracle).expect("JSON");
    let models: Vec<ModelRow> =
        oracle["models"].as_object().expect("models").iter().map(model).collect();
    let tables = leaderboard(&models);
    let (mut n_cells, mut different) = (0, Vec::new());
    for (file, expected) in oracle["csv"].as_object().expect("tables") {
        let table = tables.iter().find(|table| table.file == file).expect("a table of that name");
        let columns: Vec<String> =
            serde_json::from_value(expected["columns"].clone()).expect("a list of texts");
        assert_eq!(table.header, columns, "{file}");
        let rows = expected["rows"].as_array().expect("rows");
        assert_eq!(table.rows.len(), rows.len(), "{file}");
        for (own, row) in table.rows.iter().zip(rows) {
            for (column, cell) in columns.iter().zip(own) {
                n_cells += 1;
                if text(row, column) != cell {
                    let theirs = &row[column];
                    different.push(format!("{file} {}, {column}: ours {cell}, {theirs}", own[1]));
                }
            }
        }
    }
    assert_eq!(tables.len(), oracle["csv"].as_object().map_or(0, serde_json::Map::len));
    report(FILE, n_cells, &different, 1.0);
}
