// Signing out in a real browser: frames that tell applications, the way on with and
// without JavaScript, and the frame of session management.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { launch, signIn, visit } from './browser.js';
import { listen } from './process.js';
import { start } from './product.js';

const answers = []; // queries that came to the application's redirect URI
const visits = []; // queries that came to its front channel
const at = {}; // when a path was last asked for
let base, product, browser, origin, client, slow = false;

// The application: the same site as the provider, another origin.
const application = createServer((request, response) => {
  const url = new URL(request.url, origin);
  response.setHeader('Content-Type', 'text/html');
  at[url.pathname] = Date.now();
  if (url.pathname === '/callback') answers.push(url.searchParams);
  if (url.pathname === '/front') visits.push(url.searchParams);
  if (url.pathname === '/front' && slow) return; // never answers
  response.end(`<!doctype html><title>${url.pathname}</title><p id="at">${url.pathname}</p>
    ${url.pathname === '/watch' ? `<iframe id="op" src="${base}/oauth2/check_session"></iframe>` : ''}`);
});

before(async () => {
  origin = `http://localhost:${await listen(application)}`;
  product = await start();
  base = product.issuer;
  await product.create('users', { username: 'ada', password: 'correct horse battery' });
  client = await product.create('clients', {
    client_name: 'Wiki', first_party: true, require_pkce: false, redirect_uris: [`${origin}/callback`], post_logout_redirect_uris: [`${origin}/bye`],
    frontchannel_logout_uri: `${origin}/front`, frontchannel_logout_session_required: true,
  });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await product?.stop();
  application.closeAllConnections();
  application.close();
});

// signedIn is a fresh browser in which ada is signed in, with her ID token.
async function signedIn(options = {}) {
  const { page, violations, look } = await visit(browser, options);
  const q = new URLSearchParams({ client_id: client.client_id, redirect_uri: `${origin}/callback`, response_type: 'code', scope: 'openid', state: 'x' });
  await page.goto(`${base}/oauth2/authorize?${q}`);
  await signIn(page, 'ada', 'correct horse battery');
  await page.waitForURL(`${origin}/callback?**`);
  const answer = answers.at(-1);
  const tokens = await (await fetch(`${base}/oauth2/token`, {
    method: 'POST', headers: { Authorization: `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}` },
    body: new URLSearchParams({ grant_type: 'authorization_code', code: answer.get('code'), redirect_uri: `${origin}/callback` }),
  })).json();
  assert.ok(tokens.id_token, JSON.stringify(tokens));
  const out = `${base}/oauth2/logout?${new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: `${origin}/bye`, state: 's' })}`;
  return { page, violations, look, out, sessionState: answer.get('session_state') };
}

for (const javaScriptEnabled of [true, false]) {
  test(`applications are told and the browser goes back, JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async () => {
    const { page, violations, out } = await signedIn({ javaScriptEnabled });
    visits.length = 0;
    await page.goto(out);
    await page.waitForURL(`${origin}/bye?state=s`, { timeout: 15_000 });
    assert.equal(visits.length, 1);
    assert.equal(visits[0].get('iss'), base);
    assert.ok(visits[0].get('sid'));
    if (javaScriptEnabled) assert.ok(at['/bye'] - at['/front'] < 4_000, 'the script goes on at once');
    assert.deepEqual(violations, []);
    await page.context().close();
  });
}

test('an application that never answers holds nobody up', async () => {
  const { page, look, out } = await signedIn();
  slow = true;
  let looked;
  const looking = new Promise((r) => { looked = r; });
  await page.route('**/logout/end?*', async (route) => { await looking; await route.continue(); });
  await page.goto(out, { waitUntil: 'commit' });
  await page.locator('#logout-continue').waitFor();
  await look('farewell', { exclude: ['iframe'] });
  looked();
  await page.waitForURL(`${origin}/bye?state=s`, { timeout: 15_000 });
  slow = false;
  await page.context().close();
});

test('the frame of session management notices a sign-out', async () => {
  const { page, violations, out, sessionState } = await signedIn();
  const watcher = await page.context().newPage();
  await watcher.goto(`${origin}/watch`);
  const ask = (text) => watcher.evaluate(([message, to]) => new Promise((resolve) => {
    addEventListener('message', (e) => resolve(e.origin === to ? e.data : `from ${e.origin}`), { once: true });
    document.getElementById('op').contentWindow.postMessage(message, to);
  }), [text, base]);
  assert.equal(await ask(`${client.client_id} ${sessionState}`), 'unchanged');
  assert.equal(await ask(`another ${sessionState}`), 'changed');
  for (const nonsense of ['', client.client_id, `${client.client_id} ${sessionState.slice(1)}`, `${client.client_id} x.y`]) assert.equal(await ask(nonsense), 'error', nonsense);
  await page.goto(out);
  await page.waitForURL(`${origin}/bye?state=s`);
  assert.equal(await ask(`${client.client_id} ${sessionState}`), 'changed');
  await page.context().clearCookies();
  assert.equal(await ask(`${client.client_id} ${sessionState}`), 'error'); // a browser that holds cookies back
  assert.deepEqual(violations, []);
  await page.context().close();
});
