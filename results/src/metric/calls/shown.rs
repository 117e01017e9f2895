//! Means as people and machines read them.

use serde::Serialize;
use tasks::calls::tree::{AGENTIC, IRRELEVANCE, LIVE, MULTI_TURN, NON_LIVE, OVERALL};
use tasks::calls::{Category, Node, Part};

use super::{CategoryScores, aggregate, of_category};

/// The means that are shown, the overall score last.
pub const MEANS: [&Node; 6] = [&NON_LIVE, &LIVE, &IRRELEVANCE, &MULTI_TURN, &AGENTIC, &OVERALL];

/// A mean with what is missing from it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShownMean {
    /// The figure where every category was judged.
    pub value: Option<f64>,
    /// Over what was judged, weights scaled up; `None` where nothing was.
    pub partial: Option<f64>,
    /// With missing categories as zero, as upstream has it.
    pub missing_as_zero: f64,
    /// The categories that were not judged.
    pub missing: Vec<&'static str>,
}

impl ShownMean {
    /// The mean over a node's parts.
    pub fn of(node: &Node, scores: &CategoryScores) -> Self {
        let mean = aggregate(node, scores);
        Self {
            value: mean.complete(),
            partial: mean.partial,
            missing_as_zero: mean.with_zeros,
            missing: missing(node, scores).into_iter().map(Category::name).collect(),
        }
    }

    /// The same with what upstream counts, for whom stored failures of requests are replies.
    #[must_use]
    pub fn counted_as_upstream(mut self, node: &Node, upstream: &CategoryScores) -> Self {
        self.missing_as_zero = aggregate(node, upstream).with_zeros;
        self
    }

    /// In words. Without all categories it is called partial and never a score.
    pub fn text(&self) -> String {
        let partial = self.partial.map(|partial| 100.0 * partial);
        match (self.value, partial) {
            (Some(value), _) if (self.missing_as_zero - value).abs() > 1e-12 => {
                let theirs = 100.0 * self.missing_as_zero;
                format!(
                    "{:.2} % (upstream counts outages as replies: {theirs:.2} %)",
                    100.0 * value
                )
            }
            (Some(value), _) => format!("{:.2} %", 100.0 * value),
            (None, None) => "missing".to_owned(),
            (None, Some(partial)) => {
                let n = self.missing.len();
                let are = if n == 1 { "category is" } else { "categories are" };
                let them = if n == 1 { "it" } else { "them" };
                let zeros = 100.0 * self.missing_as_zero;
                format!(
                    "partial {partial:.2} %: {n} {are} missing (upstream counts {them} as 0: {zeros:.2} %)"
                )
            }
        }
    }
}

/// The categories under a node that are missing.
fn missing(node: &Node, scores: &CategoryScores) -> Vec<Category> {
    let of_part = |part: &Part| match part {
        Part::Leaf(category) if of_category(*category, scores).is_complete => Vec::new(),
        Part::Leaf(category) => vec![*category],
        Part::Branch(node) => missing(node, scores),
    };
    node.parts.iter().flat_map(of_part).collect()
}
