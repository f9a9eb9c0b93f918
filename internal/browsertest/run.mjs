// run.mjs SCENARIO PAGE...: see browsertest.go. Prints a line of JSON for each page on each screen.
// MODULES is the folder of node_modules, CHROMIUM the browser, SHOTS, if it is set, a folder for pictures.
import { createRequire } from 'module';
import { readFileSync } from 'fs';
import { join } from 'path';

const require = createRequire(join(process.env.MODULES, 'x.js'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

// How long a step may take where the machine does other things besides.
const patience = 180_000;
const screens = [[360, 'light', true], [360, 'dark', true], [768, 'light', true], [1280, 'light', true], [1280, 'dark', true], [1280, 'light', false]];
const [scenario, ...pages] = process.argv.slice(2);
const { default: act } = await import(scenario);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM, timeout: patience,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
});
for (const page of pages) {
  for (const [Width, Scheme, Scripts] of screens) {
    const look = { Page: page, Width, Scheme, Scripts, Trouble: [], Text: '', PDF: 0, Seen: null };
    const context = await browser.newContext({
      viewport: { width: Width, height: 900 }, colorScheme: Scheme, javaScriptEnabled: Scripts, permissions: ['clipboard-read', 'clipboard-write'],
    });
    context.setDefaultTimeout(patience);
    const tab = await context.newPage();
    const home = page.startsWith('file:') ? new URL('.', page).href : new URL(page).origin + '/';
    await context.route('**/*', r => {
      const url = r.request().url();
      if (url.startsWith(home) || url.startsWith('data:')) return r.continue();
      look.Trouble.push('a request for ' + url);
      return r.abort();
    });
    // That a page itself is answered with 404 or 400 is no trouble of the page.
    const refused = m => /^Failed to load resource: .* 40[04] /.test(m.text()) && [page, home].includes(m.location().url);
    tab.on('console', m => refused(m) || look.Trouble.push('on the console: ' + m.text()));
    tab.on('pageerror', e => look.Trouble.push('an error: ' + e.message));
    tab.on('dialog', d => { look.Trouble.push('a dialog: ' + d.message()); d.dismiss(); });
    await tab.goto(page);
    look.Text = await tab.locator('body').innerText();
    const shot = end => process.env.SHOTS && join(process.env.SHOTS, `${page.split('/').pop().replace(/\W+/g, '-') || 'home'}-${Width}-${Scheme}${Scripts ? '' : '-plain'}${end}`);
    if (process.env.SHOTS) await tab.screenshot({ path: shot('.png'), fullPage: true });
    if (Scripts) {
      await fits(tab, look);
      await keyboard(tab, look);
      await accessible(tab, look);
    }
    try {
      look.Seen = await act(tab, look);
    } catch (e) {
      look.Trouble.push('the scenario: ' + e.message);
    }
    if (Width === 1280) {
      await tab.goto(page);
      await paper(tab, look, shot('.pdf'));
    }
    console.log(JSON.stringify(look));
    await context.close();
  }
}
await browser.close();

// fits: nothing makes the page wider than the window, and no picture is made so narrow that its words cannot be read.
async function fits(tab, look) {
  const over = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (over > 0) look.Trouble.push(`${over} px wider than the window`);
  const small = await tab.locator('svg text').evaluateAll(l => l.filter(e => e.getBoundingClientRect().height < 10).map(e => e.textContent));
  if (small.length > 0) look.Trouble.push(`too small to be read: ${small}`);
}

// keyboard: Tab reaches what can be used, each where it stands in the page, and it shows where it is.
async function keyboard(tab, look) {
  const most = 60;
  const n = await tab.evaluate(most => {
    window.stops = Array.from(document.querySelectorAll('a[href], button, summary, input, select, textarea, [tabindex="0"]'))
      .filter(e => e.checkVisibility() && !e.disabled && e.type !== 'hidden').slice(0, most);
    return window.stops.length;
  }, most);
  for (let i = 0; i < n; i++) {
    await tab.keyboard.press('Tab');
    const at = await tab.evaluate(() => {
      const e = document.activeElement, s = getComputedStyle(e);
      return { i: window.stops.indexOf(e), shown: s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0, html: e.outerHTML.slice(0, 120) };
    });
    if (at.i !== i) return look.Trouble.push(`Tab comes to ${at.html} as number ${i}, where ${at.i} is its place`);
    if (!at.shown) look.Trouble.push(`nothing shows that the keyboard is at ${at.html}`);
  }
}

// accessible: what axe-core can tell, with everything unfolded.
async function accessible(tab, look) {
  await tab.evaluate(() => {
    document.activeElement.blur();
    document.querySelectorAll('details').forEach(d => { d.open = true; });
  });
  const found = await tab.evaluate(`(function () { ${axe}; return window.axe.run(document, { resultTypes: ['violations'] }); })()`);
  for (const v of found.violations) look.Trouble.push(`axe ${v.id}: ${v.nodes.slice(0, 3).map(x => x.html.slice(0, 200)).join(' ')}`);
  const over = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (over > 0) look.Trouble.push(`${over} px wider than the window when it is unfolded`);
}

// paper: nothing is folded or cut, and there is nothing to press.
async function paper(tab, look, path) {
  await tab.emulateMedia({ media: 'print' });
  look.PDF = (await tab.pdf({ format: 'A4', printBackground: true, path: path || undefined })).length;
  const hidden = await tab.locator('details > :not(summary)').evaluateAll(l => l.filter(e => !e.checkVisibility({ contentVisibilityAuto: true })).length);
  if (hidden > 0) look.Trouble.push(`${hidden} parts are folded on paper`);
  const buttons = await tab.locator(':not(th) > button:visible').count(); // those of a column are its name
  if (buttons > 0) look.Trouble.push(`${buttons} buttons on paper`);
  const nameless = await tab.locator('thead th').evaluateAll(l => l.filter(e => !e.innerText.trim()).length);
  if (nameless > 0) look.Trouble.push(`${nameless} columns have no name on paper`);
}
