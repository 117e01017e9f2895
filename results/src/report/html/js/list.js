// A list of any length of which only the visible rows exist.

const ROW_HEIGHT = 30;
let nLists = 0;

/**
 * A list box. `render(row)` gives the children of a row, `open(row)` is called when one is chosen, and
 * `enter` when Return is pressed on it.
 */
function rowList(label, { render, open, enter }) {
  const id = 'list-' + nLists++;
  const spacer = el('div', { role: 'presentation' });
  const box = el('div', { class: 'list', role: 'listbox', tabindex: '0', 'aria-label': label }, spacer);
  let rows = [];
  let chosen = -1;

  function draw() {
    const first = Math.max(Math.floor(box.scrollTop / ROW_HEIGHT) - 5, 0);
    const last = Math.min(Math.ceil((box.scrollTop + box.clientHeight) / ROW_HEIGHT) + 5, rows.length);
    const visible = [];
    for (let index = first; index < last; index++) visible.push(rowAt(index));
    // The chosen row stays in the document so that it can be announced.
    if (chosen >= 0 && (chosen < first || chosen >= last)) visible.push(rowAt(chosen));
    spacer.style.setProperty('height', rows.length * ROW_HEIGHT + 'px');
    show(spacer, rows.length ? visible : el('div', { class: 'empty' }, 'No sample fits.'));
    if (chosen >= 0) box.setAttribute('aria-activedescendant', id + '-' + chosen);
    else box.removeAttribute('aria-activedescendant');
  }

  function rowAt(index) {
    return el('div', {
      class: 'row', role: 'option', id: id + '-' + index, 'aria-selected': String(index === chosen),
      'aria-posinset': index + 1, 'aria-setsize': rows.length, style: { top: index * ROW_HEIGHT + 'px' },
      on: { click: () => choose(index) },
    }, render(rows[index]));
  }

  function choose(index) {
    if (!rows.length) return;
    chosen = Math.min(Math.max(index, 0), rows.length - 1);
    const top = chosen * ROW_HEIGHT;
    if (top < box.scrollTop) box.scrollTop = top;
    if (top + ROW_HEIGHT > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW_HEIGHT - box.clientHeight;
    draw();
    open(rows[chosen]);
  }

  box.addEventListener('scroll', () => requestAnimationFrame(draw));
  box.addEventListener('keydown', (event) => {
    const page = Math.max(Math.floor(box.clientHeight / ROW_HEIGHT) - 1, 1);
    const moves = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key in moves) {
      event.preventDefault();
      choose(chosen + moves[event.key]);
    } else if (event.key === 'Enter' && chosen >= 0) {
      event.preventDefault();
      enter();
    }
  });
  new ResizeObserver(draw).observe(box);
  return {
    box,
    /** Shows other rows, the first one chosen. */
    update(next) {
      rows = next;
      chosen = -1;
      box.scrollTop = 0;
      if (rows.length) choose(0);
      else draw();
    },
  };
}
