// An admin who connects an application, and the vendor who gets what the admin sends: the
// hand-over sheet by its link, and a secret by a link of its own whose key comes another way.
import assert from 'node:assert/strict';

// createFromPreset makes an app and returns its id and the vendor's copy of the hand-over
// sheet: the values under the vendor's own names.
export async function createFromPreset(product, page, preset, answers) {
  const { app, secret_link } = await product.create('apps', { preset, answers, secret_link: true });
  const { url } = await product.create(`apps/${encodeURIComponent(app)}/handover/share`, {});
  const sheet = await readSheet(page, url);
  if (secret_link) sheet[sheet.secret] = await openSecret(page, secret_link);
  delete sheet.secret;
  return { app, sheet };
}

// readSheet reads the rows in the vendor's words. secret is the label of the one that
// comes another way.
async function readSheet(page, url) {
  await page.goto(url);
  const rows = await page.locator('main > dl.values > div').evaluateAll((all) =>
    all.map((row) => [row.querySelector('dt').textContent, row.querySelector('code')?.textContent, row.querySelector('em') !== null]));
  assert.ok(rows.length, await page.textContent('main'));
  const secret = rows.filter(([, , another]) => another).map(([label]) => label);
  assert.ok(secret.length <= 1, `one secret at most: ${secret}`);
  return { ...Object.fromEntries(rows.map(([label, value]) => [label, value])), secret: secret[0] };
}

// openSecret opens a link that works once.
async function openSecret(page, { url, key }) {
  await page.goto(url);
  await page.fill('#key', key);
  await page.click('#secret-show');
  const value = await page.textContent('#secret-value');
  await page.goto(url);
  assert.equal(await page.locator('#key').count(), 0, 'the link works once');
  return value;
}
