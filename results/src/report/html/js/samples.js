// The browser of samples.

const WITHHELD_NOTE = 'Texts are left out: the authors of this data ask that they not be shared, or this report was made without them.';

function prompt(turn) {
  return data.prompts[turn.prompt] || [];
}

/** Everything a search looks through, in lower case; made once a sample. */
function haystack(sample) {
  if (sample.haystack === undefined) {
    const turns = sample.turns.flatMap((turn) => [
      ...prompt(turn).map((message) => whole(message.text)), whole(turn.reasoning), whole(turn.text)]);
    sample.haystack = [sample.item + '#' + sample.idx, whole(sample.gold), whole(sample.answer), whole(sample.vote),
      whole(sample.why), ...turns].join('\n').toLowerCase();
  }
  return sample.haystack;
}

/** Reasoning that the model wrote into its reply, and the rest. */
function splitReply(turn) {
  const end = typeof turn.text === 'string' ? turn.text.lastIndexOf('<' + '/think>') : -1;
  if (end < 0) return { inline: null, reply: turn.text };
  return { inline: turn.text.slice(0, end + 8), reply: turn.text.slice(end + 8).trimStart() };
}

function turnView(turn, index, nTurns) {
  const { inline, reply } = splitReply(turn);
  const messages = prompt(turn);
  const folded = (title, isOpen, ...content) => el('details', { open: isOpen }, el('summary', null, title), content);
  const message = (entry) => [el('p', { class: 'note' }, entry.role), block(entry.text)];
  return [
    nTurns > 1 ? el('h3', null, 'Turn ' + (index + 1)) : null,
    folded('Prompt', true, messages.map(message)),
    turn.reasoning ? folded('Reasoning', false, block(turn.reasoning)) : null,
    inline ? folded('Reasoning in the reply', false, block(inline)) : null,
    folded('Reply', true, block(reply)),
    el('p', { class: 'note' }, replyFacts(turn)),
  ];
}

function replyFacts(turn) {
  const tokens = turn.tokens ? count(turn.tokens[0]) + ' prompt tokens, ' + count(turn.tokens[1]) + ' generated' : 'no token count';
  return 'finish: ' + turn.finish + '; ' + tokens + '; ' + (turn.latency_ms / 1000).toFixed(1) + ' s';
}

function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== undefined && value !== null && whole(value) !== '');
  return el('dl', { class: 'facts' }, shown.map(([name, value]) => [el('dt', null, name), el('dd', { dir: 'auto' }, textNodes(value))]));
}

function sampleTitle(sample) {
  return el('h2', null, el('bdi', null, sample.item), ' · sample ' + sample.idx);
}

function sampleView(sample) {
  return [
    sampleTitle(sample),
    el('p', null, outcome(sample.outcome)),
    facts([['why', sample.why], ['expected', sample.gold], ['answer', sample.answer], ['normal form', sample.vote],
      ['found by', sample.rule], ['seed', String(sample.seed)]]),
    sample.turns.map((turn, index) => turnView(turn, index, sample.turns.length)),
  ];
}

/** Which samples the page has of how many. */
function shareNote(run) {
  const shares = data.runs[groups[run.group][0]].shares;
  const nShown = shares.reduce((sum, share) => sum + share.n_shown, 0);
  const nTotal = shares.reduce((sum, share) => sum + share.n_total, 0);
  if (nShown === nTotal) return el('p', { class: 'note' }, 'All ' + count(nTotal) + ' attempted samples are here.');
  const kind = (share) => share.outcomes.map((name) => name || 'absent').join(' / ') + ' ' + count(share.n_shown) + ' of ' + count(share.n_total);
  return el('p', { class: 'warning' }, 'This page holds ' + count(nShown) + ' of ' + count(nTotal) +
    ' samples: the first ones of each kind in the order of items (' + shares.map(kind).join('; ') +
    '). Figures and charts are over all samples. `evalrun report --format jsonl` has every sample.');
}

/** Search and outcome filters over one run's samples. */
function samplesView() {
  const detail = el('section', { class: 'detail', 'aria-label': 'Sample', tabindex: '-1' });
  const status = el('span', { role: 'status', class: 'faint' });
  const list = rowList('Samples', {
    render: (sample) => [el('span', { class: 'outcome ' + sample.outcome, title: sample.outcome }, GLYPHS[sample.outcome]),
      el('bdi', { class: 'name' }, sample.item), el('span', { class: 'faint' }, '#' + sample.idx)],
    open: (sample) => { show(detail, sampleView(sample)); detail.scrollTop = 0; },
    enter: () => detail.focus(),
  });
  const search = el('input', { type: 'search', id: 'search', placeholder: 'Search samples', 'aria-label': 'Search in names, prompts, replies and verdicts', on: { input: () => later(update) } });
  const picker = el('select', { 'aria-label': 'Run', on: { change: reset } }, runNames.map((name, index) => el('option', { value: index }, name)));
  const boxes = el('span', { class: 'controls' });
  const note = el('div');
  const run = () => data.runs[Number(picker.value) || 0];

  function reset() {
    const counts = {};
    for (const sample of run().samples) counts[sample.outcome] = (counts[sample.outcome] || 0) + 1;
    const box = (name) => el('label', null,
      el('input', { type: 'checkbox', checked: true, name, on: { change: update } }), outcome(name), ' ' + count(counts[name]));
    show(boxes, data.outcomes.filter((name) => counts[name]).map(box));
    show(note, run().withheld ? el('p', { class: 'warning' }, WITHHELD_NOTE) : '', shareNote(run()));
    update();
  }

  function update() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const on = new Set([...boxes.querySelectorAll('input:checked')].map((input) => input.name));
    const fits = (sample) => on.has(sample.outcome) && words.every((word) => haystack(sample).includes(word));
    const rows = run().samples.filter(fits);
    status.textContent = count(rows.length) + ' of ' + count(run().samples.length) + ' shown';
    if (!rows.length) show(detail);
    list.update(rows);
  }

  detail.addEventListener('keydown', (event) => { if (event.key === 'Escape') list.box.focus(); });
  reset();
  return el('div', null, note,
    el('div', { class: 'controls' }, data.runs.length > 1 ? picker : null, search, boxes, status),
    el('div', { class: 'browser' }, list.box, detail));
}

let timer;
/** Waits until the reader stops typing. */
function later(act) {
  clearTimeout(timer);
  timer = setTimeout(act, 120);
}
