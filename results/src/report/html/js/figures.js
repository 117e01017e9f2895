// Numbers as people read them, and the figures of runs.

const GLYPHS = { correct: '✓', incorrect: '✗', answered: '•', unparsed: '?', truncated: '…', failed: '!', absent: '–' };

/** The outcomes that some run has, in the order of legends. */
const usedOutcomes = data.outcomes.filter((name) => data.runs.some((run) => run.summary.counts[name]));

function count(n) {
  return n.toLocaleString('en-GB');
}

function percent(share) {
  return (share * 100).toFixed(1);
}

function interval(estimate) {
  return percent(estimate.ci95.low) + '–' + percent(estimate.ci95.high);
}

function estimateText(estimate) {
  return percent(estimate.value) + ' % (95 % CI ' + interval(estimate) + ', n = ' + count(estimate.n_items) + ' items)';
}

/** Different names for the runs of a task: the model, and a number where several have one model. */
const modelNames = data.runs.map((run, index) => {
  const isSame = (other) => other.summary.model === run.summary.model && other.group === run.group;
  const number = data.runs.slice(0, index + 1).filter(isSame).length;
  return run.summary.model + (data.runs.filter(isSame).length > 1 ? ' (run ' + number + ')' : '');
});

/** Different names for all runs. */
const runNames = data.runs.map((run, index) => run.summary.task + ' · ' + modelNames[index]);

function runColour(index) {
  return 'run-' + (index % 6);
}

function runLabel(index) {
  return el('span', { class: 'run-name' },
    data.runs.length > 1 ? el('span', { class: 'swatch ' + runColour(index), 'aria-hidden': 'true' }) : null,
    el('bdi', null, modelNames[index]));
}

function outcome(name) {
  return el('span', { class: 'outcome ' + name }, el('span', { 'aria-hidden': 'true' }, GLYPHS[name] + ' '), name);
}

/** The positions of runs that can be compared sample by sample, group by group. */
const groups = [];
data.runs.forEach((run, index) => {
  (groups[run.group] = groups[run.group] || []).push(index);
});
