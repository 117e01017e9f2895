// Opens a page of `evalrun report --format html` from disk in headless Chromium and tries it out.
//
//   npm install playwright-core
//   node check.mjs PAGE.html FOLDER_FOR_SCREENSHOTS
//
// Exits with 1 on the first thing that is wrong. Chromium is found in $CHROMIUM or /usr/bin/chromium.

import { createRequire } from 'node:module';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(resolve(process.cwd(), 'package.json'));
const { chromium } = require('playwright-core');
const [page_path, folder] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});

function check(what, is_right) {
  if (!is_right) throw new Error(what);
  console.log('ok: ' + what);
}

async function open(options) {
  const context = await browser.newContext({ offline: true, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => complaints.push(message.type() + ': ' + message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => { if (!request.url().startsWith('file:')) complaints.push('request: ' + request.url()); });
  const started = Date.now();
  await page.goto(pathToFileURL(resolve(page_path)).href);
  await page.locator('#tab-0').waitFor();
  return { page, complaints, load_ms: Date.now() - started };
}

async function keyboard(page) {
  await page.keyboard.press('/');
  const is_search = () => page.evaluate(() => document.activeElement.id === 'search');
  check('a slash goes to the search', await is_search());
  const list = page.locator('#panel-1 [role=listbox]');
  await list.focus();
  const chosen = () => list.getAttribute('aria-activedescendant');
  const first = await chosen();
  await page.keyboard.press('ArrowDown');
  check('an arrow chooses the next sample', (await chosen()) !== first);
  await page.keyboard.press('End');
  const last = await list.evaluate((box) => document.getElementById(box.getAttribute('aria-activedescendant')));
  check('the last row exists after End', last !== null);
  await page.keyboard.press('Home');
  check('Home goes back', (await chosen()) === first);
  await page.keyboard.press('Enter');
  const focus = () => page.evaluate(() => document.activeElement.className);
  check('Return goes to the sample', (await focus()) === 'detail');
  await page.keyboard.press('Escape');
  check('Escape goes back to the list', (await focus()) === 'list');
  await page.locator('#tab-1').focus();
  await page.keyboard.press('ArrowLeft');
  check('arrows move between views', await page.locator('#panel-0').isVisible());
  await page.keyboard.press('ArrowRight');
}

async function responsive(page) {
  const n_rows = await page.locator('#panel-1 .row').count();
  check('few rows exist at a time (' + n_rows + ')', n_rows < 80);
  // The time the page's own code takes for one search, the wait for the reader's next key left out.
  const search_ms = await page.evaluate(async () => {
    const input = document.getElementById('search');
    const status = document.querySelector('#panel-1 [role=status]');
    const times = [];
    for (const text of ['e', 'no such text', 'line boxed', '']) {
      const before = status.textContent;
      input.value = text;
      input.dispatchEvent(new Event('input'));
      const started = performance.now();
      await new Promise((done) => setTimeout(done, 121));
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      times.push(Math.round(performance.now() - started - 121));
      void before;
    }
    return times;
  });
  console.log('searches took ' + search_ms.join(', ') + ' ms');
  const scroll_ms = await page.evaluate(async () => {
    const box = document.querySelector('#panel-1 .list');
    const started = performance.now();
    for (let step = 0; step < 60; step++) {
      box.scrollTop = (box.scrollHeight / 60) * step;
      await new Promise((done) => requestAnimationFrame(done));
    }
    box.scrollTop = 0;
    return Math.round((performance.now() - started) / 60);
  });
  console.log('a frame of scrolling took ' + scroll_ms + ' ms');
}

try {
  for (const [name, options] of [
    ['light', { colorScheme: 'light', viewport: { width: 1280, height: 900 } }],
    ['dark', { colorScheme: 'dark', viewport: { width: 1280, height: 900 } }],
    ['narrow', { colorScheme: 'light', viewport: { width: 390, height: 844 } }],
  ]) {
    const { page, complaints, load_ms } = await open(options);
    console.log(name + ': loaded in ' + load_ms + ' ms');
    await page.screenshot({ path: folder + '/' + name + '-overview.png', fullPage: true });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    check(name + ': the overview is no wider than the window', !wide);
    await page.locator('#tab-1').click();
    await page.screenshot({ path: folder + '/' + name + '-samples.png' });
    const samples_wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    check(name + ': samples are no wider than the window', !samples_wide);
    if (await page.locator('#tab-2').count()) {
      await page.locator('#tab-2').click();
      await page.screenshot({ path: folder + '/' + name + '-compare.png' });
      await page.locator('#tab-1').click();
    }
    if (name === 'light') {
      await keyboard(page);
      await responsive(page);
    }
    const scripts = await page.evaluate(() => document.querySelectorAll('script').length);
    check(name + ': no text became a script', scripts === 2);
    const title = await page.title();
    check(name + ': no text ran', title.startsWith('evalrun report'));
    check(name + ': no complaint on the console ' + complaints.join('; '), complaints.length === 0);
    await page.context().close();
  }
} finally {
  await browser.close();
}
