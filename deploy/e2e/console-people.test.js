// The console's pages about people, groups, keys and mappings in a real browser, with and
// without JavaScript, on a desktop and on a phone.
import { test, before, beforeEach, after, afterEach } from 'node:test';
import assert from 'node:assert/strict';
import { fits, launch, signIn, visit as visitWith } from './browser.js';
import { start } from './product.js';

let base, product, browser;
const owner = ['ada', 'analytical engine'];

before(async () => { browser = await launch(); });
after(() => browser?.close());

beforeEach(async () => {
  product = await start({ demo: true });
  base = product.issuer;
  await product.create('users', { username: 'mary.somerville', email: 'mary.somerville@example.org', password: 'mechanism of the heavens', groups: ['staff'], attributes: { name: 'Mary Somerville', given_name: 'Mary', title: 'Reader' } });
  await product.create('service-providers', { app: 'crm', name: 'Customers', entity_id: 'urn:example:crm', acs: ['https://crm.example/acs'] });
});
afterEach(() => product?.stop());

// open signs the owner in at a page of the console.
async function open(path, options) {
  const v = await visitWith(browser, options);
  await v.page.goto(base + path);
  await signIn(v.page, ...owner);
  return v;
}

for (const scripted of [true, false]) {
  const name = (page) => (scripted ? page : `${page}-plain`);

  test(`a person is found, helped and disabled, ${scripted ? 'with' : 'without'} JavaScript`, async () => {
    const { page, look } = await open('/admin/people', { javaScriptEnabled: scripted });
    await look(name('people'));
    await page.click('text=Add a person');
    await page.fill('[name=username]', 'mary');
    await page.fill('[name=email]', 'not an address');
    await page.locator('[name=email]').evaluate((e) => { e.type = 'text'; });
    await page.click('text=Create');
    assert.match(await page.textContent('[role=alert]'), /Expected an address/);
    await look(name('person-new-fault'));
    await page.fill('[name=email]', 'mary@example.org');
    await page.fill('[name=given_name]', 'Mary');
    await page.fill('[name=family_name]', 'Shelley');
    await page.fill('[name=groups]', 'writers\nadmins of the wiki');
    await page.click('text=Create');
    assert.equal(await page.textContent('h1'), 'Mary Shelley');
    await look(name('person'));
    await page.click('text=Make a sign-in link');
    assert.match(await page.textContent('#secret'), /\/login\/link\?key=/);
    await look(name('person-link'));
    await page.click('text=Disable');
    assert.match(await page.textContent('#notice'), /Disabled/);
    await page.click('text=Enable');
    await page.click('nav >> text=People');
    await page.fill('[name=q]', 'mary@');
    await page.click('text=Search');
    assert.equal(await page.locator('tbody tr').count(), 1);
    await look(name('people-found'));
  });

  test(`a group gets members, ${scripted ? 'with' : 'without'} JavaScript`, async () => {
    const { page, look } = await open('/admin/groups', { javaScriptEnabled: scripted });
    await look(name('groups'));
    await page.fill('[name=name]', 'R&D / <b>lab</b>');
    await page.click('text=Create group');
    assert.equal(await page.textContent('h1'), 'Group R&D / <b>lab</b>');
    await page.fill('[name=user]', 'mary.somerville');
    await page.click('#member button');
    assert.match(await page.textContent('#notice'), /Added/);
    await page.locator('tbody tr').waitFor();
    assert.equal(await page.locator('tbody tr').count(), 1);
    await look(name('group'));
    await page.click('td button');
    await page.locator('#notice', { hasText: 'Removed' }).waitFor();
    assert.equal(await page.locator('tbody tr').count(), 0);
  });

  test(`a service provider is rolled over, ${scripted ? 'with' : 'without'} JavaScript`, async () => {
    const { page, look } = await open('/admin/keys', { javaScriptEnabled: scripted });
    await look(name('keys'));
    await page.click('text=Roll over');
    await look(name('rollover'));
    await page.click('#create button');
    assert.match(await page.textContent('.steps'), /not read yet/);
    await look(name('rollover-created'));
    await page.click('#activate button');
    assert.match(await page.textContent('[role=alert]'), /not published long enough/);
    await page.goBack();
    await page.selectOption('#activate select', 'yes');
    await page.click('#activate button');
    await look(name('rollover-activated'));
    await page.click('#back button');
    assert.match(await page.textContent('#notice'), /the one before it does/);
    await page.goto(`${base}/admin/keys`);
    await page.locator('.board tr', { hasText: 'crm' }).locator('a').first().click();
    await look(name('key'));
  });

  test(`a mapping is edited, ${scripted ? 'with' : 'without'} JavaScript`, async () => {
    const { page, look } = await open('/admin/apps/crm/mapping', { javaScriptEnabled: scripted });
    await look(name('mapping'));
    await page.reload(); // axe leaves traces in the page
    const last = (await page.locator('fieldset.row').count()) - 1;
    await page.fill(`#name-${last}`, 'Title');
    await page.fill(`#from-${last}`, 'title');
    await page.check(`#required-${last}`);
    await page.fill('[name=who]', 'mary.somerville');
    if (!scripted) await page.click('.actions >> text=Preview');
    await page.locator(`#status-${last}`, { hasText: 'required, has a value' }).waitFor();
    assert.match(await page.textContent('pre'), /Reader/);
    if (!scripted) await look(name('mapping-preview'));
    await page.fill(`#from-${last}`, 'nothing');
    if (!scripted) await page.click('.actions >> text=Preview');
    await page.locator('#refused').waitFor();
    await look(name('mapping-refused'));
    assert.equal(await page.inputValue(`#name-${last}`), 'Title');
    await page.selectOption(`#kind-${last}`, 'cel');
    await page.fill(`#from-${last}`, 'attributes.text(');
    await page.click('.actions >> text=Save');
    await page.locator('.row .fault').waitFor();
    await look(name('mapping-fault'));
    await page.fill(`#from-${last}`, 'attributes.text("title")');
    await page.click('.actions >> text=Save');
    assert.match(await page.textContent('#notice'), /Saved/);
    assert.equal(await page.inputValue(`#from-${last}`), 'attributes.text("title")');
    const client = (await product.api('GET', 'clients')).items[0].client_id;
    await page.goto(`${base}/admin/apps/${client}/mapping`);
    await look(name('mapping-oidc'));
  });
}

test('an event shows what was changed, and leads to its trace', async () => {
  await product.api('PATCH', 'service-providers/crm', { name: 'Customers & co', assigned: { groups: ['sales'] } });
  const { page, look } = await open('/admin/events');
  assert.match(await page.textContent('.changes'), /Customers & co/);
  await look('events-changes');
  await page.locator('tr', { hasText: 'login.success' }).locator('a').last().click();
  await page.locator('.trace td').first().waitFor();
  await look('trace');
});

test('it is said why somebody cannot sign in', async () => {
  await product.api('PATCH', 'service-providers/crm', { assigned: { groups: ['sales'] } });
  const { page, look } = await open('/admin/apps/crm/access');
  await page.fill('[name=user]', 'mary.somerville');
  await page.click('#why button');
  assert.match(await page.textContent('#verdict'), /cannot sign in/);
  await look('access');
  await page.click('text=Who can use it, and who last did');
  await look('app-people');
});

test('the pages hold up on a phone and in the dark', async () => {
  for (const [kind, options] of [['narrow', { viewport: { width: 360, height: 740 } }], ['dark', { colorScheme: 'dark' }]]) {
    const { page, look } = await open('/admin/people', options);
    for (const at of ['people', 'people/new', 'groups', 'keys', 'rollovers/crm', 'apps/crm/mapping', 'apps/crm/access', 'deliveries', 'events']) {
      await page.goto(`${base}/admin/${at}`);
      await look(`${at.replaceAll('/', '-')}-${kind}`);
      assert.ok(await fits(page), `${at} scrolls sideways`);
    }
    await page.goto(`${base}/admin/people`);
    await page.click('tbody a');
    await look(`person-${kind}`);
    assert.ok(await fits(page), 'the page of a person scrolls sideways');
  }
});
