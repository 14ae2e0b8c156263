// The demo in a real browser: what a newcomer does, with and without JavaScript.
// Every page is checked with axe and for violations of its content security policy.
import { test, before, beforeEach, after, afterEach } from 'node:test';
import assert from 'node:assert/strict';
import { fits, launch, signIn, visit as visitWith } from './browser.js';
import { start } from './product.js';

let base, product, browser;
const visit = (options) => visitWith(browser, options);

before(async () => { browser = await launch(); });
after(() => browser?.close());

// Each test has a server of its own: what a person agreed to in one is new in the next.
beforeEach(async () => {
  product = await start({ demo: true });
  base = product.issuer;
});
afterEach(() => product?.stop());

// posted gets past the self-submitting page where there is no script to submit it.
async function posted(page, scripted) {
  if (!scripted) await page.click('form button');
  await page.waitForSelector('#demo-signed-in');
}

for (const scripted of [true, false]) {
  const how = scripted ? 'with JavaScript' : 'without JavaScript';

  test(`OpenID Connect first, then SAML without a password, then sign out, ${how}`, async () => {
    const { context, page, look } = await visit({ javaScriptEnabled: scripted });
    await page.goto(base);
    await look('demo');
    await page.click('#demo-oidc');
    await look('login');
    await signIn(page, 'ada', 'not the password');
    await look('login-wrong');
    assert.match(await page.textContent('[role=alert]'), /password/i);
    assert.equal(await page.inputValue('input[name=username]'), 'ada', 'the name is kept');
    await signIn(page, 'ada', 'analytical engine');
    await page.waitForSelector('#consent-allow');
    await look('consent');
    await page.click('#consent-allow');
    await page.waitForSelector('#demo-signed-in');
    await look('rp');
    const claims = JSON.parse(await page.textContent('#demo-id-token'));
    const info = JSON.parse(await page.textContent('#demo-userinfo'));
    assert.equal(claims.iss, base);
    assert.equal(info.sub, claims.sub);
    assert.equal(info.email, 'ada@example.com');
    assert.deepEqual(info.groups, ['engineering', 'mathematics']);

    await page.click('#demo-saml');
    await posted(page, scripted);
    await look('sp');
    assert.equal(await page.textContent('#demo-nameid'), 'ada@example.com');
    assert.match(await page.textContent('#demo-signature'), /Signature valid.*rsa-sha256/);
    assert.match(await page.textContent('#demo-attributes'), /Lovelace/);

    await page.goto(`${base}/device`);
    await look('device');
    await page.fill('#user_code', 'bcdf ghjk');
    await page.click('#device-submit');
    await page.waitForSelector('#device-error');
    await look('device-wrong');

    await page.goto(`${base}/logout`);
    await look('logout');
    await page.click('#logout-confirm');
    // The page in between opens the applications' addresses, and goes on by itself or by its button.
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor({ timeout: 15_000 });
    await look('signed-out');
    await page.goto(`${base}/demo/sp/login`);
    await page.waitForSelector('#login-submit');
    await context.close();
  });

  test(`SAML first, then OpenID Connect without a password, ${how}`, async () => {
    const { context, page } = await visit({ javaScriptEnabled: scripted });
    await page.goto(`${base}/demo/`);
    await page.click('#demo-saml');
    await signIn(page, 'grace', 'nanosecond wire');
    await posted(page, scripted);
    await page.click('#demo-oidc');
    await page.click('#consent-allow');
    await page.waitForSelector('#demo-signed-in');
    assert.match(await page.textContent('#demo-userinfo'), /Grace Hopper/);
    await context.close();
  });
}

test('cancel and refusal come back to the application, which says so', async () => {
  const { context, page, look } = await visit();
  await page.goto(`${base}/demo/rp/login`);
  await page.click('#login-cancel');
  assert.match(await page.textContent('#demo-problem'), /access_denied/);
  await look('rp-refused');
  await context.close();
});

test('two tabs that wait for the same person both arrive', async () => {
  const { context, page } = await visit();
  const other = await context.newPage();
  await page.goto(`${base}/demo/sp/login`);
  await other.goto(`${base}/demo/sp/login`);
  await signIn(page, 'ada', 'analytical engine');
  await posted(page, true);
  await signIn(other, 'ada', 'analytical engine');
  await posted(other, true);
  await context.close();
});

test('the back button after signing in leads to a page with a way on', async () => {
  const { context, page, look } = await visit();
  await page.goto(`${base}/demo/sp/login`);
  const login = page.url();
  await signIn(page, 'ada', 'analytical engine');
  await posted(page, true);
  const answer = await page.goto(login);
  assert.ok(answer.status() < 500);
  assert.ok(await page.locator('main a, main button').count() > 0, 'a next step');
  await look('flow-gone');
  await context.close();
});

test('pages are whole on a small and on a dark screen', async () => {
  const { context, page, look } = await visit({ viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
  await page.goto(`${base}/demo/`);
  await look('demo-small-dark');
  await page.goto(`${base}/demo/rp/login`);
  await look('login-small-dark');
  assert.ok(await fits(page), 'nothing to scroll sideways');
  await page.goto(`${base}/nowhere`);
  await look('error-small-dark');
  await context.close();
});
