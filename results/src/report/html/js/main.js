// The overview, and the page's frame.

function leaderboardTable(board) {
  const heading = (task) => task.task + ' v' + task.task_version + (task.split === 'test' ? '' : ' (' + task.split + ')') + (task.items_differ ? ' ≠' : '');
  const cell = (entry) => {
    if (!entry) return '–';
    const half = (entry.ci95.high - entry.ci95.low) / 2;
    const rank = entry.rank.best === entry.rank.worst ? entry.rank.best : entry.rank.best + '–' + entry.rank.worst;
    const marks = (entry.complete ? '' : ' †') + (entry.partial_source ? ' ‡' : '');
    return el('td', { title: entry.metric }, el('span', { class: entry.is_best ? 'best' : null }, percent(entry.value)),
      ' ± ' + percent(half) + ' ', el('span', { class: 'faint' }, '(n = ' + count(entry.n_items) + ', ' + count(entry.n_samples) + ' samples) #' + rank + marks));
  };
  const name = (row) => el('td', { class: 'run-name' }, el('bdi', null, row.model + (row.run > 1 ? ' (run ' + row.run + ')' : '')));
  const cells = board.rows.flatMap((row) => row.cells.filter(Boolean));
  const note = (text) => el('p', { class: 'note' }, text);
  return [
    el('h2', null, 'Leaderboard'),
    table('Leaderboard', ['model', ...board.tasks.map((task) => el('th', { scope: 'col' }, heading(task)))], board.rows.map((row) => [name(row), ...row.cells.map(cell)])),
    note('±: half the width of the 95 % interval; #: ranks that the intervals leave open; bold: best of its column.'),
    cells.some((entry) => !entry.complete) ? note('† unfinished run: not every sample was graded.') : null,
    cells.some((entry) => entry.partial_source) ? note('‡ partial source: the run has not all items of the data set.') : null,
    board.tasks.some((task) => task.items_differ) ? note('≠ the runs are over different items; their figures and ranks do not compare.') : null,
  ];
}

function averagesTable(models) {
  const heading = (text) => el('th', { scope: 'col' }, text);
  const mean = (estimate, n) => el('td', null, percent(estimate.value) + ' % ', el('span', { class: 'faint' }, '(95 % CI ' + interval(estimate) + ', n = ' + n + ')'));
  const row = (model, figure) => [el('td', { class: 'run-name' }, el('bdi', null, model.model)), el('td', null, figure.name),
    mean(figure.by_task, count(model.tasks.length) + ' tasks'), mean(figure.by_item, count(figure.by_item.n_items) + ' items')];
  return [
    el('h2', null, 'Means over tasks'),
    table('Means over tasks', ['model', 'figure', 'mean over tasks', 'mean over items'].map(heading), models.flatMap((model) => model.figures.map((figure) => row(model, figure)))),
    models.map((model) => el('p', { class: 'note' }, model.model + ': over ' + model.tasks.join(', ') + (model.complete ? '.' : '; not every run is finished.'))),
  ];
}

/** Figures that a curve shows stay out of the intervals. */
function isHeadline(figure) {
  return figure.id === 'pass_at_1' || !/^(pass|cons)_at_\d+$/.test(figure.id);
}

function figuresOf(group) {
  const names = [...new Set(group.flatMap((run) => data.runs[run].summary.metrics.filter(isHeadline).map((figure) => figure.name)))];
  const estimates = (name) => group.flatMap((run) => data.runs[run].summary.metrics
    .filter((figure) => figure.name === name).map((figure) => [run, figure]));
  const isRated = group.some((run) => data.runs[run].summary.ratings);
  if (!names.length && isRated) return el('p', { class: 'note' }, 'Dialogues are rated, not graded: see the ratings below.');
  if (!names.length) return el('p', { class: 'warning' }, 'No sample was graded, so there is no score.');
  return intervalChart(names.map((name) => ({ name, estimates: estimates(name) })));
}

function runTable(group) {
  const line = (label, value) => [label, ...group.map((run) => el('td', null, value(data.runs[run])))];
  const sampling = (run) => Object.entries(run.sampling)
    .filter(([, value]) => value !== null && !(Array.isArray(value) && !value.length))
    .map(([name, value]) => name + ' ' + (Array.isArray(value) ? JSON.stringify(value) : value)).join(', ');
  const rows = [
    line('items × samples', (run) => count(run.summary.n_items) + ' × ' + count(run.summary.n_samples)),
    line('data', (run) => run.summary.partial_source || 'full'),
    line('sampling', sampling),
    line('backend', (run) => run.backend),
    line('tokens', (run) => count(run.summary.tokens.prompt) + ' in, ' + count(run.summary.tokens.completion) + ' out'),
    line('wall time', (run) => run.summary.wall_s.toFixed(1) + ' s'),
    line('seed', (run) => String(run.summary.seed)),
    line('created', (run) => run.created_at + (run.evalrun_version ? ' by evalrun ' + run.evalrun_version : '')),
    line('run file', (run) => el('code', null, run.summary.run_file)),
  ];
  return table('Runs', ['', ...group.map((run) => el('th', { scope: 'col' }, runLabel(run)))], rows);
}

function warnings(run, name) {
  const { summary } = run;
  const graded = data.outcomes.filter((name) => name !== 'failed').reduce((sum, name) => sum + (summary.counts[name] || 0), 0);
  const found = [];
  if (!summary.complete) found.push('This run is unfinished: ' + count(graded) + ' of ' + count(summary.counts.planned) + ' samples are graded.');
  if (summary.partial_source) found.push('Partial source: ' + summary.partial_source + '.');
  if (run.withheld) found.push(WITHHELD_NOTE);
  return found.map((text) => el('p', { class: 'warning' }, name + text));
}

function curvesOf(group, key, title) {
  const curves = group.map((run) => ({ run, points: data.runs[run][key] })).filter(({ points }) => points.length > 1);
  return curves.length ? [el('h3', null, title + ' over k'), curveChart(title, curves)] : [];
}

function groupView(group) {
  const { summary } = data.runs[group[0]];
  const of = (run, ...content) => [group.length > 1 ? el('h3', null, runLabel(run)) : null, content];
  return el('section', null,
    el('h2', null, summary.task + ' v' + summary.task_version + ' (' + summary.split + ')' + (group.length > 1 ? '' : ' · ' + summary.model)),
    group.map((run) => warnings(data.runs[run], group.length > 1 ? modelNames[run] + ': ' : '')),
    figuresOf(group),
    curvesOf(group, 'pass_at_k', 'pass@k'), curvesOf(group, 'cons_at_k', 'cons@k'),
    el('h2', null, 'Outcomes'),
    group.map((run) => of(run, outcomeShares(data.runs[run].summary.counts))),
    group.map((run) => of(run, data.runs[run].matrices.map((matrix) => [el('h3', null, matrix.title), matrixTable(matrix)]))),
    el('h2', null, 'Lengths of replies'),
    group.map((run) => of(run, lengthChart(data.runs[run].lengths))),
    el('h2', null, 'How it was run'), runTable(group));
}

function overview() {
  // Ratings are the one part that comes as markup; their writer escapes the names in it.
  const ratings = document.getElementById('ratings').content.cloneNode(true);
  return el('div', null, data.leaderboard ? leaderboardTable(data.leaderboard) : null,
    data.averages.length ? averagesTable(data.averages) : null, groups.map(groupView), ratings);
}

const views = [['Overview', overview], ['Samples', samplesView]];
if (groups.some((group) => group.length > 1)) views.push(['Compare', compareView]);

function buildTabs() {
  const main = document.getElementById('main');
  const tabs = [];
  const made = [];
  function open(index) {
    if (!made[index]) {
      made[index] = el('div', { role: 'tabpanel', id: 'panel-' + index, 'aria-labelledby': 'tab-' + index });
      main.append(made[index]);
      made[index].append(views[index][1]());
    }
    tabs.forEach((tab, other) => {
      tab.setAttribute('aria-selected', String(other === index));
      tab.setAttribute('tabindex', other === index ? '0' : '-1');
      if (made[other]) made[other].hidden = other !== index;
    });
  }
  views.forEach(([name], index) => {
    tabs.push(el('button', { type: 'button', role: 'tab', id: 'tab-' + index, on: { click: () => open(index) } }, name));
  });
  const list = document.getElementById('tabs');
  list.append(...tabs);
  list.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = (tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length;
    open(next);
    tabs[next].focus();
  });
  // A slash goes to the search, as in other browsers of things.
  document.addEventListener('keydown', (event) => {
    const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    open(1);
    document.getElementById('search').focus();
  });
  open(0);
}

function buildTheme() {
  const button = document.getElementById('theme');
  const themes = ['system', 'light', 'dark'];
  let at = 0;
  button.addEventListener('click', () => {
    at = (at + 1) % themes.length;
    if (at) document.documentElement.dataset.theme = themes[at];
    else delete document.documentElement.dataset.theme;
    button.textContent = 'Theme: ' + themes[at];
  });
}

document.title = 'evalrun report: ' + runNames.join(', ').slice(0, 200);
buildTabs();
buildTheme();
