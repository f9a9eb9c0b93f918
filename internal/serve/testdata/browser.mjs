// What the served pages do on a screen: internal/serve/browser_test.go holds it.
export default async function (tab, look) {
  const seen = {};
  if (await tab.locator('form').count()) {
    // What is no domain comes back in the form, with a word about it.
    await tab.getByLabel('Domain').fill('shop');
    await tab.getByRole('button', { name: 'Audit' }).press('Enter');
    seen.Wrong = await tab.getByRole('alert').innerText() + ' ' + await tab.getByLabel('Domain').inputValue();
    // From the form to the report: with scripts by itself, without by looking again.
    if (look.Scripts) await tab.locator('details').evaluate(d => { d.open = true; });
    else await tab.locator('summary').click();
    await tab.getByLabel('Domain').fill('shop.example');
    await tab.getByLabel('Sending addresses').fill('192.0.2.25 192.0.2.26');
    await tab.getByLabel('DKIM selectors').fill('s1');
    await tab.getByRole('button', { name: 'Audit' }).press('Enter');
    await tab.waitForURL('**/audits/*');
    for (let i = 0; !look.Scripts && i < 100 && await tab.getByRole('link', { name: 'Look again' }).count(); i++) await tab.getByRole('link', { name: 'Look again' }).click();
    await tab.locator('article h2').first().waitFor();
    seen.Report = await tab.locator('article').innerText();
    await tab.getByText('All audits of shop.example').click();
    await tab.waitForURL('**/domains/shop.example');
    seen.Trend = await tab.locator('svg').count();
  }
  return seen;
}
