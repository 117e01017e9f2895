// Two runs of one task, sample by sample.

const CHANGES = {
  broken: 'right in A, not in B', fixed: 'right in B, not in A', answer: 'neither right, outcome or answer differs',
  same: 'same outcome and answer', text: 'both right',
};

function change(a, b) {
  const right = [a, b].map((sample) => sample && sample.outcome === 'correct');
  if (right[0] && right[1]) return 'text';
  if (right[0]) return 'broken';
  if (right[1]) return 'fixed';
  const isSame = a && b && a.outcome === b.outcome && whole(a.vote) === whole(b.vote);
  return isSame ? 'same' : 'answer';
}

function pairs(runA, runB) {
  const name = (sample) => sample.idx + '#' + sample.item;
  const others = new Map(runB.samples.map((sample) => [name(sample), sample]));
  const found = runA.samples.map((a) => {
    const b = others.get(name(a)) || null;
    others.delete(name(a));
    return { a, b };
  });
  for (const b of others.values()) found.push({ a: null, b });
  return found.map((pair) => ({ ...pair, change: change(pair.a, pair.b) }));
}

const MOST_LINES = 1500;

/** Lines that only one side has, by longest common subsequence; null where there are too many lines. */
function lineDiff(left, right) {
  const [a, b] = [left.split('\n'), right.split('\n')];
  if (a.length > MOST_LINES || b.length > MOST_LINES) return null;
  const width = b.length + 1;
  const lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] = a[i] === b[j] ? lengths[(i + 1) * width + j + 1] + 1
        : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const [sideA, sideB] = [[], []];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      sideA.push([a[i++], false]);
      sideB.push([b[j++], false]);
    } else if (j >= b.length || (i < a.length && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1])) {
      sideA.push([a[i++], true]);
    } else {
      sideB.push([b[j++], true]);
    }
  }
  return [sideA, sideB];
}

function diffBlocks(a, b) {
  const texts = [a, b].map((sample) => (sample ? sample.turns.map((turn) => whole(turn.text)).join('\n\n') : ''));
  const sides = a && b ? lineDiff(texts[0], texts[1]) : null;
  if (!sides) return texts.map((text) => block(text));
  return sides.map((lines, index) => el('pre', { dir: 'auto', tabindex: '0' }, lines.map(([line, isOwn]) =>
    isOwn ? el('span', { class: index ? 'added' : 'removed' }, line + '\n') : line + '\n')));
}

function pairView({ a, b }, nameA, nameB) {
  const either = a || b;
  const messages = either.turns.length ? prompt(either.turns[0]) : [];
  const blocks = diffBlocks(a, b);
  const side = (sample, name, content) => el('section', { 'aria-label': name },
    el('h3', { class: 'run-name' }, el('bdi', null, name)),
    el('p', null, outcome(sample ? sample.outcome : 'absent')),
    sample ? facts([['why', sample.why], ['answer', sample.answer], ['normal form', sample.vote]]) : null,
    content);
  return [
    sampleTitle(either), facts([['expected', either.gold]]),
    el('details', null, el('summary', null, 'Prompt'), messages.map((message) => block(message.text))),
    el('p', { class: 'note' }, 'Lines that only one reply has are marked.'),
    el('div', { class: 'sides' }, side(a, 'A: ' + nameA, blocks[0]), side(b, 'B: ' + nameB, blocks[1])),
  ];
}

/** Pickers for two runs of a group, counts of changes, and the list of pairs. */
function compareView() {
  const comparable = groups.filter((group) => group.length > 1).flat();
  const option = (index) => el('option', { value: index }, runNames[index]);
  const pickers = ['A', 'B'].map((name) => el('select', { 'aria-label': 'Run ' + name, on: { change: reset } }, comparable.map(option)));
  const detail = el('section', { class: 'detail', 'aria-label': 'Pair of samples', tabindex: '-1' });
  const status = el('span', { role: 'status', class: 'faint' });
  const boxes = el('div', { class: 'controls' });
  const note = el('div');
  const glyph = (sample) => {
    const name = sample ? sample.outcome : 'absent';
    return el('span', { class: 'outcome ' + name, title: name }, GLYPHS[name]);
  };
  const list = rowList('Pairs of samples', {
    render: ({ a, b }) => [glyph(a), '→', glyph(b), el('bdi', { class: 'name' }, (a || b).item), el('span', { class: 'faint' }, '#' + (a || b).idx)],
    open: (pair) => show(detail, pairView(pair, ...chosen().map((index) => runNames[index]))),
    enter: () => detail.focus(),
  });
  let found = [];
  const chosen = () => pickers.map((picker) => Number(picker.value));

  function reset() {
    const [a, b] = chosen();
    const isPair = a !== b && data.runs[a].group === data.runs[b].group;
    found = isPair ? pairs(data.runs[a], data.runs[b]) : [];
    const n = (name) => found.filter((pair) => pair.change === name).length;
    const box = (name) => el('label', null, el('input', { type: 'checkbox', name, checked: name === 'broken' || name === 'fixed' || !(n('broken') + n('fixed')), on: { change: update } }),
      CHANGES[name] + ' ' + count(n(name)));
    show(boxes, Object.keys(CHANGES).filter(n).map(box));
    const isOtherData = isPair && data.runs[a].items_sha256 !== data.runs[b].items_sha256;
    show(note,
      isPair ? shareNote(data.runs[a]) : el('p', { class: 'warning' }, 'Choose two different runs of one task.'),
      isOtherData ? el('p', { class: 'warning' }, 'The two runs are over different items; samples are paired by name.') : '');
    update();
  }

  function update() {
    const on = new Set([...boxes.querySelectorAll('input:checked')].map((input) => input.name));
    const rows = found.filter((pair) => on.has(pair.change));
    status.textContent = count(rows.length) + ' of ' + count(found.length) + ' pairs shown';
    if (!rows.length) show(detail);
    list.update(rows);
  }

  detail.addEventListener('keydown', (event) => { if (event.key === 'Escape') list.box.focus(); });
  pickers[1].value = groups.find((group) => group.length > 1)[1];
  reset();
  return el('div', null,
    el('div', { class: 'controls' }, el('label', null, 'A ', pickers[0]), el('label', null, 'B ', pickers[1]), status),
    note, boxes, el('div', { class: 'browser' }, list.box, detail));
}
