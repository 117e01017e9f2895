// Charts. Each has a text or a table that says the same.

/** Dots with intervals: for each figure its name and one row a run. */
function intervalChart(figures) {
  const grid = el('div', { class: 'intervals' });
  for (const { name, estimates } of figures) {
    const isLone = data.runs.length === 1;
    if (!isLone) grid.append(el('div', { class: 'figure' }, name));
    for (const [run, estimate] of estimates) {
      const left = estimate.ci95.low * 100;
      const track = el('div', { class: 'track ' + runColour(run), 'aria-hidden': 'true' },
        el('span', { class: 'range', style: { left: left + '%', width: (estimate.ci95.high * 100 - left) + '%' } }),
        el('span', { class: 'point', style: { left: estimate.value * 100 + '%' } }));
      grid.append(el('div', { class: 'label' }, isLone ? name : runLabel(run)), track, el('div', null, estimateText(estimate)));
    }
  }
  return grid;
}

/** A bar of outcomes with its legend. */
function outcomeShares(counts) {
  const total = usedOutcomes.reduce((sum, name) => sum + (counts[name] || 0), 0) + counts.pending;
  const names = usedOutcomes.concat(counts.pending ? ['pending'] : []);
  const part = (name) => el('span', { class: name, style: { width: ((counts[name] || 0) / Math.max(total, 1)) * 100 + '%' } });
  const entry = (name) => el('li', null, el('span', { class: 'swatch ' + name, 'aria-hidden': 'true' }),
    name + ' ' + count(counts[name] || 0) + ' (' + percent((counts[name] || 0) / Math.max(total, 1)) + ' %)');
  return [
    el('div', { class: 'shares', 'aria-hidden': 'true' }, usedOutcomes.map(part)),
    el('ul', { class: 'legend' }, names.map(entry)),
  ];
}

const FRAME = { width: 640, height: 230, left: 44, right: 12, top: 12, bottom: 34 };

function frame(label, xTicks, yTicks, xTitle) {
  const { width, height, left, right, top, bottom } = FRAME;
  const chart = svg('svg', { class: 'chart', viewBox: '0 0 ' + width + ' ' + height, role: 'img', 'aria-label': label });
  for (const [at, text] of yTicks) {
    const y = height - bottom - at * (height - top - bottom);
    chart.append(svg('line', { class: 'axis', x1: left, x2: width - right, y1: y, y2: y }),
      svg('text', { x: left - 6, y: y + 4, 'text-anchor': 'end' }, text));
  }
  for (const [at, text] of xTicks) {
    const x = left + at * (width - left - right);
    chart.append(svg('text', { x, y: height - bottom + 16, 'text-anchor': 'middle' }, text));
  }
  chart.append(svg('text', { x: (width + left) / 2, y: height - 3, 'text-anchor': 'middle' }, xTitle));
  return chart;
}

function place(x, y) {
  const { width, height, left, right, top, bottom } = FRAME;
  return [left + x * (width - left - right), height - bottom - y * (height - top - bottom)];
}

/** Figures over k on a logarithmic axis, one curve a run, with a band for the interval. */
function curveChart(title, curves) {
  const ks = [...new Set(curves.flatMap(({ points }) => points.map((point) => point.k)))].sort((a, b) => a - b);
  const largest = Math.log(Math.max(...ks, 2));
  const at = (k) => Math.log(k) / largest;
  const shown = ks.filter((k, index) => ks.length < 12 || Number.isInteger(Math.log2(k)) || index === ks.length - 1);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => [share, share * 100 + ' %']);
  const chart = frame(title + ' over k; the table below has the figures', shown.map((k) => [at(k), String(k)]), ticks, 'k samples');
  for (const { points, run } of curves) {
    const path = (ends) => ends.map(([x, y]) => place(x, y).join(',')).join(' ');
    const low = points.map((point) => [at(point.k), point.ci95.low]);
    const high = points.map((point) => [at(point.k), point.ci95.high]);
    const middle = points.map((point) => [at(point.k), point.value]);
    chart.append(svg('g', { class: runColour(run) },
      svg('polygon', { class: 'band', points: path(low.concat(high.reverse())) }),
      svg('polyline', { class: 'curve', points: path(middle) }),
      middle.map(([x, y]) => svg('circle', { class: 'dot', r: 3, cx: place(x, y)[0], cy: place(x, y)[1] }))));
  }
  const rows = curves.flatMap(({ points, run }) =>
    points.map((point) => [runLabel(run), String(point.k), estimateText(point)]));
  return [chart, el('details', null, el('summary', null, 'Figures'), table(title, ['run', 'k', title], rows))];
}

/** Stacked bars of lengths. */
function lengthChart(lengths) {
  if (!lengths.bins.length) return [el('p', { class: 'note' }, 'No sample has a token count.')];
  const totals = lengths.bins.map((bin) => bin.reduce((sum, n) => sum + n, 0));
  const most = Math.max(...totals, 1);
  const n = lengths.bins.length;
  const step = Math.ceil(n / 8);
  const xTicks = lengths.bins.map((_, index) => [index / n, count(index * lengths.width)]).filter((_, index) => index % step === 0);
  const yTicks = [0, 0.5, 1].map((share) => [share, count(Math.round(most * share))]);
  const chart = frame('Samples by generated tokens; the table below has the counts', xTicks, yTicks, 'generated tokens');
  lengths.bins.forEach((bin, index) => {
    let below = 0;
    data.outcomes.forEach((name, which) => {
      if (!bin[which]) return;
      const [x, y] = place(index / n, (below + bin[which]) / most);
      const [right, bottom] = place((index + 1) / n, below / most);
      chart.append(svg('rect', { class: 'bar ' + name, x, y, width: Math.max(right - x - 1, 1), height: bottom - y },
        svg('title', null, name + ': ' + count(bin[which]))));
      below += bin[which];
    });
  });
  const rows = lengths.bins.map((bin, index) => [count(index * lengths.width) + ' to ' + count((index + 1) * lengths.width - 1), ...usedOutcomes.map((name) => count(bin[data.outcomes.indexOf(name)]))]);
  const note = lengths.n_unreported ? el('p', { class: 'note' }, count(lengths.n_unreported) + ' samples without a token count are not in the chart.') : null;
  return [chart, note, el('details', null, el('summary', null, 'Counts'), table('Samples by generated tokens', ['tokens', ...usedOutcomes], rows))];
}

/** Counts by two properties; the shade of a cell is its share of the row. */
function matrixTable(matrix) {
  const rows = matrix.rows.map(([label, counts]) => {
    const total = Math.max(counts.reduce((sum, n) => sum + n, 0), 1);
    const cell = (n) => el('td', { class: 'heat number' },
      el('span', { 'aria-hidden': 'true', style: { opacity: (n / total) * 0.45 } }),
      el('b', null, count(n) + ' (' + percent(n / total) + ' %)'));
    return [el('td', null, el('bdi', null, label)), ...counts.map(cell)];
  });
  return table(matrix.title, ['', ...matrix.columns], rows);
}
