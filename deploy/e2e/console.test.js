// The admin console in a real browser, with and without JavaScript: every page is checked
// with axe and for violations of its content security policy.
import { test, before, beforeEach, after, afterEach } from 'node:test';
import assert from 'node:assert/strict';
import { fits, launch, signIn, visit as visitWith } from './browser.js';
import { start } from './product.js';

let base, product, browser;
const visit = (options) => visitWith(browser, options);
const owner = ['ada', 'analytical engine'];

before(async () => { browser = await launch(); });
after(() => browser?.close());

beforeEach(async () => {
  product = await start({ demo: true });
  base = product.issuer;
});
afterEach(() => product?.stop());

for (const scripted of [true, false]) {
  test(`an owner finds their way through the console, ${scripted ? 'with' : 'without'} JavaScript`, async () => {
    const { page, look } = await visit({ javaScriptEnabled: scripted });
    await page.goto(`${base}/admin`);
    await signIn(page, ...owner);
    assert.equal(await page.textContent('#role'), 'owner');
    await look('overview');
    await page.click('text=All events');
    await look('events');
    await page.click('summary');
    await page.fill('[name=name]', 'login.success');
    await page.click('text=Show');
    assert.equal(await page.locator('tbody tr').count(), 1);
    await page.locator('tbody a').last().click();
    await look('trace');
    await page.click('nav >> text=Admins');
    await look('admins');
    await page.fill('[name=username]', 'nobody');
    await page.click('text=Add admin');
    assert.match(await page.textContent('[role=alert]'), /There is no built-in user/);
    await look('admins-fault');
    await page.click('tbody a');
    await look('admin');
    await page.click('#delete button');
    assert.match(await page.textContent('[role=alert]'), /last owner/);
    await look('problem');
    await page.goto(`${base}/admin/tokens`);
    await page.fill('[name=name]', 'backup');
    await page.click('text=Make token');
    assert.match(await page.textContent('#secret'), /^cloudsso_admin_/);
    await look('token');
    await page.click('text=Revoke');
    assert.match(await page.textContent('#notice'), /Removed/);
  });
}

for (const scripted of [true, false]) {
  test(`an owner tests an app by signing in to it, ${scripted ? 'with' : 'without'} JavaScript`, async () => {
    const { page, look } = await visit({ javaScriptEnabled: scripted });
    await page.goto(`${base}/admin/apps`);
    await signIn(page, ...owner);
    await page.click('tbody a');
    await page.click('text=Test sign-in');
    await look('verify');
    await page.fill('[name=user]', 'nobody');
    await page.click('text=Test as this person');
    assert.match(await page.textContent('[role=alert]'), /No directory knows this person/);
    await look('verify-fault');
    await page.fill('[name=user]', 'grace');
    await page.click('text=Test as this person');
    assert.match(await page.textContent('#verdict'), /passed/);
    await look('verification');
    await page.click('text=Test again');
    await page.click('text=Sign in for a test');
    await page.fill('[name=password]', owner[1]);
    await page.click('#login-submit');
    assert.match(await page.textContent('#verdict'), /passed/);
  });
}

test('a recovery link makes an owner', async () => {
  const link = product.run('admin', 'recover').trim();
  const { page, look } = await visit();
  await page.goto(link);
  await look('setup');
  await page.fill('[name=username]', 'olga');
  await page.fill('[name=password]', 'olga');
  await page.click('text=Create and sign in');
  await look('setup-fault');
  await page.fill('[name=password]', 'a long sentence of hers');
  await page.click('text=Create and sign in');
  assert.equal(await page.textContent('#who'), 'olga');
});

test('whoever is no admin is told so', async () => {
  const { page, look } = await visit();
  await page.goto(`${base}/admin`);
  await signIn(page, 'grace', 'nanosecond wire');
  await look('refused');
});

for (const [name, options] of [['dark', { colorScheme: 'dark' }], ['narrow', { viewport: { width: 360, height: 740 } }]]) {
  test(`the console holds up ${name}`, async () => {
    const { page, look } = await visit(options);
    await page.goto(`${base}/admin/tokens`);
    await signIn(page, ...owner);
    await look(`tokens-${name}`);
    await page.goto(`${base}/admin/events`);
    await look(`events-${name}`);
    await page.goto(`${base}/admin`);
    await look(`overview-${name}`);
    assert.ok(await fits(page), 'nothing to scroll sideways');
  });
}
