// What the report's pages do on a screen: internal/report/browser_test.go holds it.
export default async function (tab, look) {
  const seen = {};
  seen.Owned = look.Scripts && await tab.evaluate(ours => document.scripts.length !== ours || document.querySelector('img, iframe, [onerror], a[href^="javascript"]') !== null, look.Page.endsWith('history.html') ? 0 : 1);
  seen.Background = look.Scripts ? await tab.evaluate(() => getComputedStyle(document.body).backgroundColor) : '';
  if (!look.Scripts) {
    seen.Buttons = await tab.locator('button').count();
    return seen;
  }
  const copy = tab.locator('.paste button');
  seen.Copies = [];
  for (let i = 0; i < Math.min(await copy.count(), 2); i++) {
    await copy.nth(i).press('Enter');
    await tab.locator('.paste button', { hasText: 'Copied' }).first().waitFor();
    seen.Copies.push([await tab.locator('.paste ins').nth(i).textContent(), await tab.evaluate(() => navigator.clipboard.readText())]);
  }
  const table = tab.locator('table.sortable');
  if (await table.count()) {
    seen.Sorts = {};
    for (const head of ['Domain', 'Domain', 'Verdict', 'Score', 'Fail']) {
      await table.locator('thead button', { hasText: head }).press('Enter');
      const as = await table.locator('thead th', { hasText: head }).getAttribute('aria-sort');
      seen.Sorts[`${head} ${as}`] = await table.locator('tbody th').allTextContents();
    }
    const first = table.locator('tbody a').first(), name = await first.textContent();
    await first.press('Enter');
    await tab.locator('h2', { hasText: name }).first().waitFor();
    seen.Followed = new URL(tab.url()).pathname.split('/').pop() + new URL(tab.url()).hash;
  }
  return seen;
}
