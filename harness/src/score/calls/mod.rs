//! BFCL v4: stored replies in upstream's result files.

mod rows;
mod summary;
mod tables;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use judges::calls::check::{DataError, Naming};
use judges::calls::decode::Mode;
use judges::calls::multi_turn::{self, ConversationError};
use judges::calls::{Entry, Judged, judge_agentic, judge_relevance};
use rayon::prelude::*;
use tasks::calls::Category;

use super::{ScoreSettings, Scored};
use crate::assets::{self, AssetStore};
use crate::calls::{BfclData, CallsSandbox};
use crate::display::Display;
use crate::error::EvalrunError;
use rows::{Looks, Row, read};

/// What came of a row.
enum Outcome {
    /// It was judged.
    Judged {
        /// Upstream's verdict.
        verdict: Judged,
        /// Where the data are wrong: how, and the verdict without the parameters concerned.
        corrected: Option<(Vec<DataError>, Judged)>,
    },
    /// The request or the machine that was to judge it failed: it is not scored.
    Failed {
        reason: String,
        /// Upstream's verdict, which takes an outage for a reply.
        upstream: Option<Judged>,
    },
}

impl Outcome {
    /// Upstream's verdict, where there is one.
    fn upstream(&self) -> Option<&Judged> {
        match self {
            Self::Judged { verdict, .. } => Some(verdict),
            Self::Failed { upstream, .. } => upstream.as_ref(),
        }
    }
}

/// A row with its outcome.
struct Graded {
    row: Row,
    category: Category,
    outcome: Outcome,
}

/// Judges the result file, or every result file below the folder.
pub(super) fn score(
    path: &Path,
    settings: ScoreSettings<'_>,
    (store, display): (&AssetStore, &Display),
) -> Result<Scored, EvalrunError> {
    let rows = read(path, display)?;
    let data = BfclData::open(store.fetch(assets::find("bfcl")?, display)?.path())?;
    let entries = entries(&rows, &data)?;
    let mode = settings.calls_mode.unwrap_or_else(|| {
        let looks = Looks::of(&rows);
        display.note(&looks.note());
        looks.mode()
    });
    let how = (mode, settings.calls_naming.unwrap_or(Naming::Dots));
    let sandbox = CallsSandbox::new(&data, settings.n_workers);
    let graded: Vec<Graded> = rows
        .into_par_iter()
        .map(|(row, category)| {
            let entry = entry_of(&row, category, &entries).map_err(|reason| {
                EvalrunError::Samples { path: row.path.to_path_buf(), line: row.line, reason }
            })?;
            let outcome = judge(&row, &entry, how, (&sandbox, (store, display)))?;
            let outcome = match row.outage() {
                Some(outage) => Outcome::Failed {
                    reason: format!("upstream's request failed: {outage}"),
                    upstream: outcome.upstream().cloned(),
                },
                None => outcome,
            };
            Ok(Graded { row, category, outcome })
        })
        .collect::<Result<_, EvalrunError>>()?;
    if let Some(folder) = settings.tables {
        tables::write(folder, path, &graded)?;
    }
    Ok(summary::scored(&graded, mode))
}

/// The entries of every category that the rows need.
fn entries(
    rows: &[(Row, Category)],
    data: &BfclData,
) -> Result<HashMap<String, Entry>, EvalrunError> {
    let originals = rows.iter().filter_map(|(row, _)| Category::of_id(row.original()?));
    let named: BTreeSet<Category> =
        rows.iter().map(|(_, category)| *category).chain(originals).collect();
    let named: Vec<Category> = named.into_iter().collect();
    let maps: Vec<_> =
        named.par_iter().map(|category| data.entries(*category)).collect::<Result<_, _>>()?;
    Ok(maps.into_iter().flatten().collect())
}

/// The entry of a row; one of format sensitivity is made of its original.
fn entry_of<'e>(
    row: &Row,
    category: Category,
    entries: &'e HashMap<String, Entry>,
) -> Result<Cow<'e, Entry>, String> {
    let unknown = |id: &str| format!("{} has no entry `{id}`", category.name());
    if category != Category::FormatSensitivity {
        return entries.get(&row.id).map(Cow::Borrowed).ok_or_else(|| unknown(&row.id));
    }
    match row.original().and_then(|id| entries.get(id)) {
        Some(Entry::Calls(original)) => BfclData::reformatted(&row.id, original)
            .map(|entry| Cow::Owned(Entry::Calls(entry)))
            .map_err(|err| err.to_string()),
        _ => Err(unknown(&row.id)),
    }
}

fn judge(
    row: &Row,
    entry: &Entry,
    (mode, naming): (Mode, Naming),
    (sandbox, resources): (&CallsSandbox, (&AssetStore, &Display)),
) -> Result<Outcome, EvalrunError> {
    let plain = |verdict| Outcome::Judged { verdict, corrected: None };
    Ok(match entry {
        Entry::Calls(entry) => {
            let verdict = entry.judge(&row.result, (mode, naming));
            let errors = entry.data_errors(mode);
            let corrected = (!errors.is_empty()).then(|| {
                let corrected = entry.judge_corrected(&row.result, (mode, naming), &errors);
                (errors, corrected)
            });
            Outcome::Judged { verdict, corrected }
        }
        Entry::Relevance(kind) => plain(judge_relevance(&row.result, mode, *kind)),
        Entry::Agentic(answers) => plain(judge_agentic(&row.result, mode, answers)),
        Entry::Conversation(conversation) => match multi_turn::decoded(&row.result, mode) {
            Err(failure) => plain(Err(failure)),
            Ok(turns) => match sandbox.judge(conversation, &turns, resources) {
                Ok(verdict) => plain(verdict),
                Err(EvalrunError::Conversation(err @ ConversationError::WallClock(_))) => {
                    Outcome::Failed { reason: err.to_string(), upstream: None }
                }
                Err(err) => return Err(err),
            },
        },
    })
}
