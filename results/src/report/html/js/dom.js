// Elements. Texts become text nodes; nothing here reads markup out of a text.

const data = JSON.parse(document.getElementById('data').textContent);

/** An element with properties and children. Strings become text; null children are left out. */
function el(tag, properties, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** The same for SVG. */
function svg(tag, properties, ...children) {
  return fill(document.createElementNS('http' + '://www.w3.org/2000/svg', tag), properties, children);
}

function fill(node, properties, children) {
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'on') for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else if (name === 'style') for (const [key, v] of Object.entries(value)) node.style.setProperty(key, v);
    else if (name === 'value' || name === 'checked') node[name] = value;
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined) node.append(child);
  }
  return node;
}

/** Puts new children in the place of the old ones. */
function show(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter((child) => child !== null));
  return node;
}

/** A text of the data: all of it, or its start and its end. */
function whole(text) {
  if (text === undefined || text === null) return '';
  return typeof text === 'string' ? text : text.head + '\n…\n' + text.tail;
}

/** The same as children of an element, with a remark on what was cut. */
function textNodes(text) {
  if (text === undefined || text === null) return [];
  if (typeof text === 'string') return [text];
  const remark = ' … ' + count(text.n_cut) + ' characters left out of this page … ';
  return [text.head, el('span', { class: 'cut' }, remark), text.tail];
}

/** A block of text in any language and direction. */
function block(text) {
  return el('pre', { dir: 'auto', tabindex: '0' }, textNodes(text));
}

/** A table; a heading cell or a cell may be a string or a node. */
function table(caption, headings, rows) {
  const cell = (tag) => (content, column) => {
    const scope = tag === 'th' ? 'col' : null;
    return content instanceof HTMLTableCellElement ? content : el(tag, { scope, class: column ? 'number' : null }, content);
  };
  return el('div', { class: 'scroll' }, el('table', { 'aria-label': caption },
    el('thead', null, el('tr', null, headings.map(cell('th')))),
    el('tbody', null, rows.map((row) => el('tr', null, row.map(cell('td')))))));
}
