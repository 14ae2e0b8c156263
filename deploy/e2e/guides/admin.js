// An admin who connects applications in the console, and the vendor who gets what the admin
// sends: the hand-over sheet by its link, and a secret by a link of its own whose key comes
// another way.
import assert from 'node:assert/strict';

// settle makes the owner of a fresh server, in page.
export async function settle(page, product) {
  await page.goto(product.log().match(/http:\/\/\S+\/admin\/setup\?key=[\w-]+/)[0]);
  await page.fill('[name=username]', 'olga');
  await page.fill('[name=password]', 'a long sentence of hers');
  await page.click('text=Create and sign in');
  await page.waitForSelector('#who');
}

async function shown(page, part) {
  await part.waitFor().catch(async () => assert.fail(`${part} at ${page.url()}: ${await page.textContent('main')}`));
  return part;
}

// connect makes an app from the preset of that title, with answers by the labels of its
// questions, and settings beside those of the preset. It returns the app's id and what the
// admin sends to the vendor.
export async function connect(page, product, title, answers, settings) {
  await page.goto(`${product.issuer}/admin/apps/new`);
  await page.fill('[name=q]', title.split(' ')[0]);
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await page.waitForSelector('#matches');
  await page.locator('.tiles').getByRole('link', { name: title }).click();
  for (const [label, answer] of Object.entries(answers)) await page.getByLabel(label).fill(answer);
  if (settings) {
    await page.click('summary >> text=Further settings');
    await page.getByLabel('Settings beside those of the preset').fill(JSON.stringify(settings));
  }
  await page.getByRole('button', { name: 'Review' }).click();
  const add = await shown(page, page.getByRole('button', { name: 'Add the app' }));
  const link = page.locator('[name=secret_link]');
  if (await link.count()) await link.check();
  await add.click();
  const share = await shown(page, page.locator('form#share'));
  const app = decodeURIComponent((await share.getAttribute('action')).match(/\/admin\/apps\/([^/]+)\//)[1]);
  const sent = { app };
  if (await page.locator('#once-link').count()) sent.secret = { url: await page.inputValue('#once-link'), key: await page.inputValue('#once-key') };
  await share.getByRole('button').click();
  sent.sheet = await page.inputValue('#shared');
  return sent;
}

// receive is the vendor's side, in a browser of its own: the values under the vendor's own
// names, and the secret under its. look is done at every page.
export async function receive(page, { sheet, secret }, look = () => {}) {
  await page.goto(sheet);
  await look('sheet');
  const rows = await page.locator('main > dl.values > div').evaluateAll((all) =>
    all.map((row) => [row.querySelector('dt').textContent, row.querySelector('dd > code, dd > pre, dd > span')?.textContent ?? '']));
  assert.ok(rows.length, await page.textContent('main'));
  const values = Object.fromEntries(rows);
  const [label, another] = rows.filter(([, value]) => !value).map(([name]) => name);
  assert.ok(Boolean(label) === Boolean(secret) && !another, 'what is not on the sheet is the one secret');
  if (secret) values[label] = await openSecret(page, secret, look);
  return values;
}

async function openSecret(page, { url, key }, look) {
  await page.goto(url);
  await look('secret-link');
  await page.fill('#key', key);
  await page.click('#secret-show');
  const value = await page.textContent('#secret-value');
  await look('secret');
  await page.goto(url);
  assert.equal(await page.locator('#key').count(), 0, 'the link works once');
  await look('secret-gone');
  return value;
}
