//! The items of a run: from the best source that can be had, then narrowed to the user's choice.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tasks::{Item, RowSource, RowSourceLocation, Split, Task};

use crate::assets::{self, AssetError, AssetStore};
use crate::display::Display;
use crate::error::EvalrunError;

/// Items with where they come from.
pub(super) struct Data {
    pub(super) items: Vec<Item>,
    pub(super) source: Option<String>,
    pub(super) sha256: Option<String>,
    pub(super) n_items_full: usize,
    pub(super) n_items_source: usize,
}

/// Which items of a split to run.
#[derive(Debug, Clone, Default)]
pub(crate) struct ItemChoice {
    /// At most this many, from the beginning.
    pub(crate) limit: Option<usize>,
    /// Item names, positions (`3`) or ranges of positions (`0..5`, the end excluded).
    pub(crate) names: Vec<String>,
}

/// Loads the items of `split`. Sources are tried in the task file's order, full ones first.
pub(super) fn load(
    task: &Task,
    split: Split,
    (store, display): (&AssetStore, &Display),
) -> Result<Data, EvalrunError> {
    if split == Split::Demo {
        let n_items = task.demo.len();
        let items = task.demo.clone();
        return Ok(Data {
            items,
            source: None,
            sha256: None,
            n_items_full: n_items,
            n_items_source: n_items,
        });
    }
    let n_items_full = task.dataset.n_items;
    let (source, (name, bytes)) = match at_hand(task, (store, display))? {
        Some(found) => found,
        None => fetch(task, (store, display))?,
    };
    let sha256 = Some(tasks::hex(&Sha256::digest(&bytes)));
    let items = source.items(&name, &unpacked(&name, bytes)?)?;
    if source.n_items < n_items_full {
        display.note(&format!(
            "{}: no full source can be reached; using {name} with {} of {n_items_full} items (partial source)",
            task.name, source.n_items
        ));
    }
    Ok(Data { items, source: Some(name), sha256, n_items_full, n_items_source: source.n_items })
}

type Found<'a> = (&'a RowSource, (String, Vec<u8>));

/// The first full source that needs no fetching: the same one each time, network or not.
fn at_hand<'a>(
    task: &'a Task,
    (store, display): (&AssetStore, &Display),
) -> Result<Option<Found<'a>>, EvalrunError> {
    let n_items_full = task.dataset.n_items;
    for source in task.dataset.sources.iter().filter(|source| source.n_items == n_items_full) {
        if let RowSourceLocation::Asset(name) = &source.location
            && let Some(located) = store.locate(assets::find(name)?, display)?
        {
            return Ok(Some((source, (name.clone(), file_bytes(located.path())?))));
        }
    }
    Ok(None)
}

/// The first source that can be fetched, full ones before partial ones.
fn fetch<'a>(
    task: &'a Task,
    (store, display): (&AssetStore, &Display),
) -> Result<Found<'a>, EvalrunError> {
    let mut reasons = Vec::new();
    for source in &task.dataset.sources {
        match read(source, (store, display)) {
            Ok(found) => return Ok((source, found)),
            Err(EvalrunError::Asset(err @ AssetError::Unreachable { .. })) => {
                reasons.push(err.reasons());
            }
            Err(err) => return Err(err),
        }
    }
    Err(EvalrunError::NoData { task: task.name.clone(), reasons: reasons.join("\n") })
}

/// The name and the bytes of a source's file.
fn read(
    source: &RowSource,
    (store, display): (&AssetStore, &Display),
) -> Result<(String, Vec<u8>), EvalrunError> {
    match &source.location {
        RowSourceLocation::File(path) => Ok((path.display().to_string(), file_bytes(path)?)),
        RowSourceLocation::Asset(name) => {
            let located = store.fetch(assets::find(name)?, display)?;
            Ok((name.clone(), file_bytes(located.path())?))
        }
    }
}

/// The content of a gzip file, or the bytes as they are. `name` names the file in errors.
pub(crate) fn unpacked(name: &str, bytes: Vec<u8>) -> Result<Vec<u8>, EvalrunError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut content = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut content).map_err(
        |err| {
            let reason = format!("it is no complete gzip file: {err}");
            EvalrunError::Data { path: name.into(), reason }
        },
    )?;
    Ok(content)
}

pub(crate) fn file_bytes(path: &Path) -> Result<Vec<u8>, EvalrunError> {
    std::fs::read(path)
        .map_err(|err| EvalrunError::Input { path: path.to_owned(), reason: err.to_string() })
}

impl ItemChoice {
    /// The chosen items, in the data set's order.
    pub(super) fn select(
        &self,
        task: &str,
        items: Vec<Item>,
    ) -> Result<Vec<Arc<Item>>, EvalrunError> {
        let mut wanted = vec![self.names.is_empty(); items.len()];
        for name in &self.names {
            for idx in find(name, &items).ok_or_else(|| unknown(task, name, &items))? {
                wanted[idx] = true;
            }
        }
        let chosen = items
            .into_iter()
            .zip(wanted)
            .filter_map(|(item, wanted)| wanted.then(|| Arc::new(item)));
        Ok(chosen.take(self.limit.unwrap_or(usize::MAX)).collect())
    }
}

fn find(name: &str, items: &[Item]) -> Option<std::ops::Range<usize>> {
    if let Some(idx) = items.iter().position(|item| item.id.0 == name) {
        return Some(idx..idx + 1);
    }
    let position = |text: &str| text.parse::<usize>().ok();
    let range = match name.split_once("..") {
        Some((start, end)) => position(start)?..position(end)?,
        None => position(name)?..position(name)? + 1,
    };
    (range.start < range.end && range.end <= items.len()).then_some(range)
}

fn unknown(task: &str, name: &str, items: &[Item]) -> EvalrunError {
    let ids = items.iter().map(|item| item.id.0.as_str());
    let nearest = tasks::error::nearest(name, ids)
        .map_or_else(String::new, |id| format!("; did you mean `{id}`?"));
    EvalrunError::Usage(format!(
        "task `{task}` has no item `{name}` (names, positions 0 to {}, or ranges such as 0..5){nearest}",
        items.len().saturating_sub(1)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], limit: Option<usize>, expected: &str) {
        let task = tasks::suite::find("aime25").expect("a built-in task");
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let shown = match (ItemChoice { limit, names }).select("aime25", task.demo) {
            Ok(items) => items.iter().map(|item| item.id.0.clone()).collect::<Vec<_>>().join(" "),
            Err(err) => err.to_string(),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn items_are_chosen_by_name_position_or_range() {
        check(&[], None, "demo-aime25-0 demo-aime25-1 demo-aime25-2 demo-aime25-3");
        check(&[], Some(2), "demo-aime25-0 demo-aime25-1");
        check(&["demo-aime25-3", "0"], None, "demo-aime25-0 demo-aime25-3");
        check(&["1..3"], None, "demo-aime25-1 demo-aime25-2");
        check(&["1..3"], Some(1), "demo-aime25-1");
        let absent =
            "task `aime25` has no item `4` (names, positions 0 to 3, or ranges such as 0..5)";
        check(&["4"], None, absent);
        check(
            &["demo-aime25-9"],
            None,
            "task `aime25` has no item `demo-aime25-9` (names, positions 0 to 3, or ranges such as 0..5); did you mean `demo-aime25-3`?",
        );
    }
}
