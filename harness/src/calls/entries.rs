//! Entries of a category for a run: which there are, how they are asked, what judges them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use judges::CallsGrader;
use judges::calls::{Config, Entry, Outside, Surroundings};
use results::CallsPlan;
use sandbox::Sandbox;
use tasks::calls::{CallsTarget, Category, CheckKind, Language};
use tasks::{Item, ItemId, Target};

use super::interpreter::Reading;
use super::prompts::{self, Asking};
use super::{BfclData, CallsSandbox, World};
use crate::assets::{self, AssetStore};
use crate::display::Display;
use crate::error::EvalrunError;

/// The wheel and the interpreter that runs its code, each fetched when it is first needed.
pub(crate) struct Bfcl<'a> {
    resources: (&'a AssetStore, &'a Display),
    n_workers: Option<usize>,
    /// What of the world functions may want; `None` where nothing is run anew.
    world: Option<Arc<World>>,
    data: OnceLock<BfclData>,
    sandbox: OnceLock<Arc<Sandbox>>,
}

impl<'a> Bfcl<'a> {
    /// Fetches nothing yet.
    pub(crate) fn new(resources: (&'a AssetStore, &'a Display), n_workers: Option<usize>) -> Self {
        let (data, sandbox) = (OnceLock::new(), OnceLock::new());
        Self { resources, n_workers, world: None, data, sandbox }
    }

    /// The same with something to look things up with.
    pub(crate) fn in_world(self, world: World) -> Self {
        Self { world: Some(Arc::new(world)), ..self }
    }

    /// The wheel.
    pub(crate) fn data(&self) -> Result<&BfclData, EvalrunError> {
        if let Some(data) = self.data.get() {
            return Ok(data);
        }
        let (store, display) = self.resources;
        let data = BfclData::open(store.fetch(assets::find("bfcl")?, display)?.path())?;
        Ok(self.data.get_or_init(|| data))
    }

    /// The interpreter.
    pub(crate) fn sandbox(&self) -> Result<&Arc<Sandbox>, EvalrunError> {
        if let Some(sandbox) = self.sandbox.get() {
            return Ok(sandbox);
        }
        let searches = self.world.as_ref().is_some_and(|world| world.searches());
        let reading = if searches { Reading::Pages } else { Reading::Nothing };
        let sandbox = CallsSandbox::new(self.data()?, self.n_workers);
        let sandbox = sandbox.load(reading, self.resources)?;
        Ok(self.sandbox.get_or_init(|| Arc::new(sandbox)))
    }

    /// The items of a category by name only.
    pub(crate) fn items(&self, category: Category) -> Result<Vec<Item>, EvalrunError> {
        let rows = match category {
            Category::FormatSensitivity => {
                let ids = prompts::sensitivity_ids(self.sandbox()?)?;
                ids.into_iter().map(|id| (id, String::new())).collect()
            }
            _ => self.data()?.questions(category)?,
        };
        let item = |(id, question): (String, String)| {
            let mut fields = BTreeMap::from([("problem".to_owned(), question)]);
            if category == Category::FormatSensitivity {
                let config = id.split(':').nth(1).unwrap_or_default().to_owned();
                fields.insert("config".to_owned(), config);
            }
            let target =
                CallsTarget { entry: id.clone(), category, turns: Vec::new(), memory: None };
            Item { id: ItemId(id), fields, target: Target::Calls(Box::new(target)) }
        };
        Ok(rows.into_iter().map(item).collect())
    }

    /// The same items with what a model is asked. `all` are the items of the whole category.
    pub(crate) fn asked(
        &self,
        chosen: &[Arc<Item>],
        all: &[ItemId],
        asking: Asking<'_>,
    ) -> Result<Vec<Arc<Item>>, EvalrunError> {
        let places: HashMap<&ItemId, usize> =
            all.iter().enumerate().map(|(place, id)| (id, place)).collect();
        let asked: Vec<(usize, Arc<Item>)> =
            chosen.iter().map(|item| (places[&item.id], Arc::clone(item))).collect();
        let (_, display) = self.resources;
        let work = display.work(&format!("{}: making prompts", asking.category.name()));
        let asked = prompts::asked(&asked, asking, self.sandbox()?);
        let asked = asked.and_then(|asked| self.with_prerequisites(asked, asking));
        work.finish();
        asked
    }

    /// Before questions about a memory, the conversations that fill it.
    fn with_prerequisites(
        &self,
        questions: Vec<Arc<Item>>,
        asking: Asking<'_>,
    ) -> Result<Vec<Arc<Item>>, EvalrunError> {
        let scenario = |item: &Arc<Item>| match &item.target {
            Target::Calls(target) => Some(target.memory.as_ref()?.scenario.clone()),
            _ => None,
        };
        let scenarios: BTreeSet<String> = questions.iter().filter_map(scenario).collect();
        let scenarios: Vec<String> = scenarios.into_iter().collect();
        let mut items = prompts::prerequisites(&scenarios, asking, self.sandbox()?)?;
        items.extend(questions);
        Ok(items)
    }

    /// What judges a category's items in a run.
    pub(crate) fn grader<'t>(
        &self,
        category: Category,
        plan: &CallsPlan,
        targets: impl Iterator<Item = &'t Target>,
    ) -> Result<CallsGrader, EvalrunError> {
        let entries = match category {
            Category::FormatSensitivity => self.reformatted(targets)?,
            _ => self.configured(category, plan)?,
        };
        let runs_functions = matches!(category.check(), CheckKind::MultiTurn | CheckKind::Agentic);
        if let (Category::MemoryVector, Some(world)) = (category, &self.world) {
            world.check_embeddings()?;
        }
        let outside = self.world.clone().map(|world| -> Arc<dyn Outside> { world });
        let sandbox = runs_functions.then(|| self.sandbox().cloned()).transpose()?;
        let surroundings = sandbox.map(|sandbox| Surroundings { sandbox, outside });
        Ok(CallsGrader::new(plan.style, entries, surroundings))
    }

    fn configured(
        &self,
        category: Category,
        plan: &CallsPlan,
    ) -> Result<HashMap<String, Entry>, EvalrunError> {
        let mut entries = self.data()?.entries(category)?;
        if let Some(config) = &plan.config {
            let config = Config::parse(config);
            let config = config.map_err(|err| EvalrunError::Calls(err.to_string()))?;
            for entry in entries.values_mut() {
                if let Entry::Calls(entry) = entry {
                    entry.config = config;
                }
            }
        }
        Ok(entries)
    }

    /// The entries of format sensitivity: those that they are made of, in other formats.
    fn reformatted<'t>(
        &self,
        targets: impl Iterator<Item = &'t Target>,
    ) -> Result<HashMap<String, Entry>, EvalrunError> {
        let data = self.data()?;
        let mut originals: HashMap<Category, HashMap<String, Entry>> = HashMap::new();
        let mut entries = HashMap::new();
        for target in targets {
            let Target::Calls(target) = target else { continue };
            let id = &target.entry;
            let unknown = || EvalrunError::Calls(format!("`{id}` names no entry"));
            let original = id.split(':').nth(2).ok_or_else(unknown)?;
            let category = Category::of_id(original).ok_or_else(unknown)?;
            let known = match originals.entry(category) {
                std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::hash_map::Entry::Vacant(place) => {
                    place.insert(data.entries(category)?)
                }
            };
            let Some(Entry::Calls(original)) = known.get(original) else { return Err(unknown()) };
            let entry = BfclData::reformatted(id, original)?;
            entries.insert(id.clone(), Entry::Calls(entry));
        }
        Ok(entries)
    }
}

/// Whether a category's entries can be asked for in other formats than their own.
pub(crate) fn has_formats(category: Category) -> bool {
    let is_checked =
        matches!(category.check(), CheckKind::Simple | CheckKind::Multiple | CheckKind::Parallel);
    is_checked && category.language() == Language::Python && category != Category::FormatSensitivity
}
