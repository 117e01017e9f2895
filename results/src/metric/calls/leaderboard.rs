//! Upstream's tables: six files of comma-separated values (`generate_leaderboard_csv`,
//! `constants/column_headers.py`).

use tasks::calls::{Category, Node, tree};

use super::sensitivity::{deviation, rounded};
use super::{Aggregate, CategoryScores, Sensitivity, aggregate, configurations, of_category};

/// Dollars an hour for eight H100, and the requests that upstream assumes to run on them at a time
/// (`constants/eval_config.py`).
const GPU_PRICE: f64 = 23.92;
const N_CONCURRENT: f64 = 100.0;

/// What a model's replies cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cost {
    /// Dollars per million tokens, in and out.
    Tokens {
        /// Of the prompt.
        input: f64,
        /// Of the reply.
        output: f64,
    },
    /// The time of upstream's reference machine.
    Time,
}

/// What a model's replies used: one number for each request that has one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Usage {
    /// Seconds.
    pub latencies_s: Vec<f64>,
    /// Tokens of prompts.
    pub input_tokens: Vec<f64>,
    /// Tokens of replies.
    pub output_tokens: Vec<f64>,
}

/// A model with its scores.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRow {
    /// Its name.
    pub name: String,
    /// Where it is described.
    pub link: String,
    /// Who made it.
    pub organization: String,
    /// Its licence.
    pub license: String,
    /// Its price.
    pub cost: Cost,
    /// What it used.
    pub usage: Usage,
    /// Its scores.
    pub scores: CategoryScores,
    /// Its sensitivity to formats, where that was measured.
    pub sensitivity: Option<Sensitivity>,
}

/// A table under the name of upstream's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The file.
    pub file: &'static str,
    /// Its first line.
    pub header: Vec<String>,
    /// Its rows, best first.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// The file's text. Upstream quotes nothing and ends without a newline.
    pub fn csv(&self) -> String {
        let lines = std::iter::once(&self.header).chain(&self.rows);
        lines.map(|line| line.join(",")).collect::<Vec<_>>().join("\n")
    }
}

/// A cell before it is written.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Text(String),
    /// A share, written in per cent.
    Share(f64),
    /// A number, written as it is.
    Number(f64),
    Missing,
}

impl Cell {
    fn written(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Share(share) => format!("{:.2}%", share * 100.0),
            Self::Number(number) => format!("{number:?}"),
            Self::Missing => "N/A".to_owned(),
        }
    }

    /// What rows are sorted by.
    fn key(&self) -> f64 {
        match self {
            Self::Share(number) | Self::Number(number) => *number,
            Self::Text(_) | Self::Missing => -1.0,
        }
    }
}

/// Where a column's cell comes from.
#[derive(Clone, Copy)]
enum Source {
    /// A mean, not available where a category under it is missing.
    Mean(&'static Node),
    /// A mean with missing categories as zero.
    WithZeros(&'static Node),
    Category(Category),
    Name,
    Link,
    Organization,
    License,
    Cost,
    MeanLatency,
    LatencyDeviation,
    Latency95,
    MaxDelta,
    Deviation,
}

type Columns = &'static [(&'static str, Source)];

use Category as C;
use Source::{Category as Of, Mean, WithZeros};

const NON_LIVE: Columns = &[
    ("Model", Source::Name),
    ("Non-Live Overall Acc", WithZeros(&tree::NON_LIVE)),
    ("AST Summary", Mean(&tree::NON_LIVE)),
    ("Simple AST", Mean(&tree::SIMPLE)),
    ("Python Simple AST", Of(C::SimplePython)),
    ("Java Simple AST", Of(C::SimpleJava)),
    ("JavaScript Simple AST", Of(C::SimpleJavascript)),
    ("Multiple AST", Of(C::Multiple)),
    ("Parallel AST", Of(C::Parallel)),
    ("Parallel Multiple AST", Of(C::ParallelMultiple)),
    ("Irrelevance Detection", Of(C::Irrelevance)),
];

const LIVE: Columns = &[
    ("Model", Source::Name),
    ("Live Overall Acc", WithZeros(&tree::LIVE)),
    ("AST Summary", Mean(&tree::LIVE)),
    ("Python Simple AST", Of(C::LiveSimple)),
    ("Python Multiple AST", Of(C::LiveMultiple)),
    ("Python Parallel AST", Of(C::LiveParallel)),
    ("Python Parallel Multiple AST", Of(C::LiveParallelMultiple)),
    ("Irrelevance Detection", Of(C::LiveIrrelevance)),
    ("Relevance Detection", Of(C::LiveRelevance)),
];

const MULTI_TURN: Columns = &[
    ("Model", Source::Name),
    ("Multi Turn Overall Acc", WithZeros(&tree::MULTI_TURN)),
    ("Base", Of(C::MultiTurnBase)),
    ("Miss Func", Of(C::MultiTurnMissFunc)),
    ("Miss Param", Of(C::MultiTurnMissParam)),
    ("Long Context", Of(C::MultiTurnLongContext)),
];

const AGENTIC: Columns = &[
    ("Model", Source::Name),
    ("Agentic Overall Acc", WithZeros(&tree::AGENTIC)),
    ("Web Search Summary", Mean(&tree::WEB_SEARCH)),
    ("Web Search Base", Of(C::WebSearchBase)),
    ("Web Search No Snippet", Of(C::WebSearchNoSnippet)),
    ("Memory Summary", Mean(&tree::MEMORY)),
    ("Memory KV", Of(C::MemoryKv)),
    ("Memory Vector", Of(C::MemoryVector)),
    ("Memory Recursive Summarization", Of(C::MemoryRecSum)),
];

const SENSITIVITY: Columns = &[
    ("Model", Source::Name),
    ("Format Sensitivity Max Delta", Source::MaxDelta),
    ("Format Sensitivity Standard Deviation", Source::Deviation),
];

const OVERALL: Columns = &[
    ("Overall Acc", WithZeros(&tree::OVERALL)),
    ("Model", Source::Name),
    ("Model Link", Source::Link),
    ("Total Cost ($)", Source::Cost),
    ("Latency Mean (s)", Source::MeanLatency),
    ("Latency Standard Deviation (s)", Source::LatencyDeviation),
    ("Latency 95th Percentile (s)", Source::Latency95),
    ("Non-Live AST Acc", Mean(&tree::NON_LIVE)),
    ("Non-Live Simple AST", Mean(&tree::SIMPLE)),
    ("Non-Live Multiple AST", Of(C::Multiple)),
    ("Non-Live Parallel AST", Of(C::Parallel)),
    ("Non-Live Parallel Multiple AST", Of(C::ParallelMultiple)),
    ("Live Acc", WithZeros(&tree::LIVE)),
    ("Live Simple AST", Of(C::LiveSimple)),
    ("Live Multiple AST", Of(C::LiveMultiple)),
    ("Live Parallel AST", Of(C::LiveParallel)),
    ("Live Parallel Multiple AST", Of(C::LiveParallelMultiple)),
    ("Multi Turn Acc", WithZeros(&tree::MULTI_TURN)),
    ("Multi Turn Base", Of(C::MultiTurnBase)),
    ("Multi Turn Miss Func", Of(C::MultiTurnMissFunc)),
    ("Multi Turn Miss Param", Of(C::MultiTurnMissParam)),
    ("Multi Turn Long Context", Of(C::MultiTurnLongContext)),
    ("Web Search Acc", Mean(&tree::WEB_SEARCH)),
    ("Web Search Base", Of(C::WebSearchBase)),
    ("Web Search No Snippet", Of(C::WebSearchNoSnippet)),
    ("Memory Acc", Mean(&tree::MEMORY)),
    ("Memory KV", Of(C::MemoryKv)),
    ("Memory Vector", Of(C::MemoryVector)),
    ("Memory Recursive Summarization", Of(C::MemoryRecSum)),
    ("Relevance Detection", Of(C::LiveRelevance)),
    ("Irrelevance Detection", Mean(&tree::IRRELEVANCE)),
    ("Format Sensitivity Max Delta", Source::MaxDelta),
    ("Format Sensitivity Standard Deviation", Source::Deviation),
    ("Organization", Source::Organization),
    ("License", Source::License),
];

/// The six tables.
pub fn leaderboard(models: &[ModelRow]) -> Vec<Table> {
    let table = |file, columns: Columns, sorted_by| table(file, (columns, &[]), sorted_by, models);
    let configurations = configurations();
    vec![
        table("data_overall.csv", OVERALL, 0),
        table("data_non_live.csv", NON_LIVE, 1),
        table("data_live.csv", LIVE, 1),
        table("data_multi_turn.csv", MULTI_TURN, 1),
        table("data_agentic.csv", AGENTIC, 1),
        self::table("data_format_sensitivity.csv", (SENSITIVITY, &configurations), 1, models),
    ]
}

fn table(
    file: &'static str,
    (columns, configurations): (Columns, &[String]),
    sorted_by: usize,
    models: &[ModelRow],
) -> Table {
    let mut rows: Vec<Vec<Cell>> = models
        .iter()
        .map(|model| {
            let fixed = columns.iter().map(|(_, source)| cell(*source, model));
            fixed.chain(configurations.iter().map(|config| accuracy(config, model))).collect()
        })
        .collect();
    rows.sort_by(|a, b| b[sorted_by].key().total_cmp(&a[sorted_by].key()));
    let titles = columns.iter().map(|(title, _)| (*title).to_owned());
    let titles = titles.chain(configurations.iter().map(|config| format!("Config {config}")));
    let ranked = |(idx, row): (usize, &Vec<Cell>)| {
        let cells = row.iter().map(Cell::written);
        std::iter::once((idx + 1).to_string()).chain(cells).collect()
    };
    Table {
        file,
        header: std::iter::once("Rank".to_owned()).chain(titles).collect(),
        rows: rows.iter().enumerate().map(ranked).collect(),
    }
}

fn accuracy(configuration: &str, model: &ModelRow) -> Cell {
    let measured = model.sensitivity.iter().flat_map(|sensitivity| &sensitivity.per_configuration);
    let mut found = measured.filter(|(name, _)| name == configuration);
    found.next().map_or(Cell::Missing, |(_, score)| Cell::Share(score.accuracy()))
}

fn cell(source: Source, model: &ModelRow) -> Cell {
    let complete = |mean: Aggregate| mean.complete().map_or(Cell::Missing, Cell::Share);
    let latencies = model.usage.latencies_s.as_slice();
    let number = |number: Option<f64>| number.map_or(Cell::Missing, |n| Cell::Number(rounded(n)));
    let spread = model.sensitivity.as_ref();
    match source {
        Mean(node) => complete(aggregate(node, &model.scores)),
        WithZeros(node) => Cell::Share(aggregate(node, &model.scores).with_zeros),
        Of(category) => complete(of_category(category, &model.scores)),
        Source::Name => Cell::Text(model.name.clone()),
        Source::Link => Cell::Text(model.link.clone()),
        Source::Organization => Cell::Text(model.organization.clone()),
        Source::License => Cell::Text(model.license.clone()),
        Source::Cost => number(cost(model)),
        Source::MeanLatency => number(mean(latencies)),
        Source::LatencyDeviation => number((latencies.len() > 1).then(|| deviation(latencies))),
        Source::Latency95 => number(percentile_95(latencies)),
        Source::MaxDelta => number(spread.map(|spread| spread.max_delta)),
        Source::Deviation => number(spread.map(|spread| spread.standard_deviation)),
    }
}

/// Dollars for all replies.
fn cost(model: &ModelRow) -> Option<f64> {
    let Usage { latencies_s, input_tokens, output_tokens } = &model.usage;
    let sum = |values: &[f64]| values.iter().sum::<f64>();
    match model.cost {
        Cost::Tokens { .. } if input_tokens.is_empty() || output_tokens.is_empty() => None,
        Cost::Tokens { input, output } => {
            Some(sum(input_tokens) * input / 1e6 + sum(output_tokens) * output / 1e6)
        }
        Cost::Time if latencies_s.is_empty() => None,
        Cost::Time => Some(sum(latencies_s) / 3600.0 * GPU_PRICE / N_CONCURRENT),
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The 95th percentile, linear between neighbours as `numpy.percentile` has it.
fn percentile_95(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    // In hundredths, so that the place is exact.
    let place = sorted.len().checked_sub(1)? * 95;
    let (low, share) = (place / 100, (place % 100) as f64 / 100.0);
    let high = (low + 1).min(sorted.len() - 1);
    Some(sorted[low] + (sorted[high] - sorted[low]) * share)
}
