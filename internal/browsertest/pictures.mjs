// pictures.mjs FOLDER: table.svg, the tables of what `mailaudit demo` says of its broken domain in a terminal of 100 columns, and the
// top of its HTML report as report-light.png and report-dark.png. `make pictures` runs it.
import { createRequire } from 'module';
import { execFileSync } from 'child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';

const folder = process.argv[2], domain = 'shop.example', columns = 100;
mkdirSync(folder, { recursive: true });
const run = (...args) => execFileSync('go', ['run', './cmd/mailaudit', ...args], { encoding: 'utf8', env: { ...process.env, COLUMNS: String(columns) } });

const lines = run('demo', '--color', 'always').split('\n');
writeFileSync(join(folder, 'table.svg'), svg(['$ mailaudit demo', ...lines.slice(0, lines.findIndex(l => / says?$/.test(l)) - 1)]));

const pages = mkdtempSync(join(tmpdir(), 'mailaudit-pictures-'));
try {
  run('demo', '--format', 'html', '--output', pages + '/');
  const { chromium } = createRequire(join(process.env.MODULES, 'x.js'))('playwright-core');
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
  });
  for (const colorScheme of ['light', 'dark']) {
    const tab = await (await browser.newContext({ viewport: { width: 1040, height: 940 }, colorScheme })).newPage();
    await tab.goto(`file://${pages}/${domain}.html`);
    await tab.screenshot({ path: join(folder, `report-${colorScheme}.png`) });
  }
  await browser.close();
} finally {
  rmSync(pages, { recursive: true });
}

// svg draws lines of a terminal. Every line is as wide as it would be there, whatever the font.
function svg(lines) {
  const w = 8.4, h = 20, pad = 20;
  const escape = s => s.replace(/[&<>]/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]);
  const names = { 31: 'fail', 33: 'warn', 35: 'unknown', 36: 'info', 32: 'pass' };
  const text = lines.map((line, i) => {
    const plain = line.replace(/\x1b\[\d+m/g, '');
    if (plain.trim() === '') return '';
    const coloured = escape(line).replace(/\x1b\[(\d+)m(.*?)\x1b\[0m/g, (_, code, word) => `<tspan class="${names[code]}">${word}</tspan>`);
    return `<text x="${pad}" y="${pad + 14 + i * h}" textLength="${(plain.length * w).toFixed(1)}">${coloured}</text>`;
  }).filter(Boolean);
  const width = Math.round(columns * w + 2 * pad), height = lines.length * h + 2 * pad;
  return `<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="mailaudit demo in a terminal">
<style>
  text { font: 14px ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace; fill: #171b21; white-space: pre; }
  rect { fill: #f6f8fa; } .fail { fill: #b42318; } .warn { fill: #875200; } .unknown { fill: #6d3fb8; } .info { fill: #1a5fb4; } .pass { fill: #17693b; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6e9ed; } rect { fill: #171b20; }
    .fail { fill: #ff8f85; } .warn { fill: #efb650; } .unknown { fill: #c8a8ff; } .info { fill: #84b6ff; } .pass { fill: #6ccf8e; }
  }
</style>
<rect width="${width}" height="${height}" rx="10"/>
${text.join('\n')}
</svg>
`;
}
