// Opens each page in Chromium at 360 and 1280 px, light and dark, and once without scripts, and prints a line of JSON for each.
// MODULES is where npm has put playwright-core and axe-core, SHOTS, if it is set, a folder for pictures.
import { createRequire } from 'module';
import { readFileSync } from 'fs';
import { basename, join } from 'path';

const require = createRequire(join(process.env.MODULES, 'x.js'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
});
for (const page of process.argv.slice(2)) {
  for (const [width, scheme, scripts] of [[360, 'light', true], [360, 'dark', true], [1280, 'light', true], [1280, 'dark', true], [1280, 'light', false]]) {
    const context = await browser.newContext({
      viewport: { width, height: 900 }, colorScheme: scheme, javaScriptEnabled: scripts, permissions: ['clipboard-read', 'clipboard-write'],
    });
    const tab = await context.newPage();
    const look = { Page: page, Width: width, Scheme: scheme, Scripts: scripts, Trouble: [], Overflow: 0, Violations: [], Copied: '', Sorted: [], Heads: 0 };
    tab.on('console', m => look.Trouble.push(m.text()));
    tab.on('pageerror', e => look.Trouble.push(e.message));
    tab.on('dialog', d => { look.Trouble.push(d.message()); d.dismiss(); });
    tab.on('request', r => { if (r.url() !== 'file://' + page && !r.url().startsWith('data:')) look.Trouble.push(r.url()); });
    await tab.goto('file://' + page);
    look.Heads = await tab.locator('h1:visible, h2:visible, h3:visible').count();
    if (process.env.SHOTS) await tab.screenshot({ path: join(process.env.SHOTS, `${basename(page, '.html')}-${width}-${scheme}-${scripts}.png`), fullPage: true });
    if (scripts) {
      look.Overflow = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      await tab.evaluate(() => document.querySelectorAll('details').forEach(d => { d.open = true; }));
      const found = await tab.evaluate(`(function () { ${axe}; return window.axe.run(document, { resultTypes: ['violations'] }); })()`);
      look.Violations = found.violations.map(v => `${v.id}: ${v.nodes[0].html.slice(0, 200)}`);
      const copy = tab.locator('.paste button').first();
      if (await copy.count()) {
        await copy.click();
        await tab.locator('.paste button', { hasText: 'Copied' }).first().waitFor();
        look.Copied = await tab.evaluate(() => navigator.clipboard.readText());
      }
      const sort = tab.locator('table.sortable thead button').first();
      if (await sort.count()) {
        await sort.click();
        look.Sorted = await tab.locator('table.sortable tbody th').allTextContents();
      }
    }
    console.log(JSON.stringify(look));
    await context.close();
  }
}
await browser.close();
