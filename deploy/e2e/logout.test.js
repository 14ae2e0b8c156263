// Signing out in a real browser: frames that tell applications, the way on with and
// without JavaScript, and the frame of session management.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { AxeBuilder } from '@axe-core/playwright';

const binary = process.env.E2E_BINARY;
const answers = []; // queries that came to the application's redirect URI
const visits = []; // queries that came to its front channel
const at = {}; // when a path was last asked for
let base, ops, server, browser, data, origin, client, slow = false;

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

const listen = (s) => new Promise((resolve) => s.listen(0, '127.0.0.1', () => resolve(s.address().port)));
const freePort = async () => {
  const probe = createServer();
  const port = await listen(probe);
  await new Promise((r) => probe.close(r));
  return port;
};

async function api(token, path, body) {
  const answer = await fetch(`${base}/api/v1${path}`, {
    method: 'POST', headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
  assert.equal(answer.status, 201, await answer.clone().text());
  return answer.json();
}

before(async () => {
  assert.ok(binary, 'E2E_BINARY names the built binary');
  origin = `http://localhost:${await listen(application)}`;
  const port = await freePort();
  ops = await freePort();
  base = `http://localhost:${port}`;
  data = mkdtempSync(path.join(tmpdir(), 'cloudsso-e2e-'));
  const flags = ['--dev', '--data', data, '--issuer', base];
  server = spawn(binary, ['serve', ...flags, '--listen', `127.0.0.1:${port}`, '--ops-listen', `127.0.0.1:${ops}`], { stdio: 'ignore' });
  const deadline = Date.now() + 30_000;
  while (!(await fetch(`http://127.0.0.1:${ops}/readyz`).catch(() => null))?.ok) {
    assert.ok(server.exitCode === null && Date.now() < deadline, 'the server did not start');
    await new Promise((r) => setTimeout(r, 50));
  }
  const { token } = JSON.parse(execFileSync(binary, ['token', 'create', '--role', 'owner', '--ttl', '1h', '--json', ...flags]));
  await api(token, '/users', { username: 'ada', password: 'correct horse battery' });
  client = await api(token, '/clients', {
    client_name: 'Wiki', first_party: true, require_pkce: false, redirect_uris: [`${origin}/callback`], post_logout_redirect_uris: [`${origin}/bye`],
    frontchannel_logout_uri: `${origin}/front`, frontchannel_logout_session_required: true,
  });
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'] });
});

after(async () => {
  await browser?.close();
  if (server?.exitCode === null) {
    server.kill('SIGTERM');
    await new Promise((r) => server.once('exit', r));
  }
  application.closeAllConnections();
  application.close();
  if (data) rmSync(data, { recursive: true, force: true });
});

// signedIn is a fresh browser in which ada is signed in, with her ID token.
async function signedIn(options = {}) {
  const page = await (await browser.newContext(options)).newPage();
  const violations = [];
  page.on('console', (m) => { if (/Content.Security.Policy/i.test(m.text())) violations.push(m.text()); });
  page.on('pageerror', (e) => violations.push(String(e)));
  const q = new URLSearchParams({ client_id: client.client_id, redirect_uri: `${origin}/callback`, response_type: 'code', scope: 'openid', state: 'x' });
  await page.goto(`${base}/oauth2/authorize?${q}`);
  await page.fill('input[name=username]', 'ada');
  await page.fill('input[name=password]', 'correct horse battery');
  await page.click('#login-submit');
  await page.waitForURL(`${origin}/callback?**`);
  const answer = answers.at(-1);
  const tokens = await (await fetch(`${base}/oauth2/token`, {
    method: 'POST', headers: { Authorization: `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}` },
    body: new URLSearchParams({ grant_type: 'authorization_code', code: answer.get('code'), redirect_uri: `${origin}/callback` }),
  })).json();
  assert.ok(tokens.id_token, JSON.stringify(tokens));
  const out = `${base}/oauth2/logout?${new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: `${origin}/bye`, state: 's' })}`;
  return { page, violations, out, sessionState: answer.get('session_state') };
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
  const { page, out } = await signedIn();
  slow = true;
  let looked;
  const looking = new Promise((r) => { looked = r; });
  await page.route('**/logout/end?*', async (route) => { await looking; await route.continue(); });
  await page.goto(out, { waitUntil: 'commit' });
  await page.locator('#logout-continue').waitFor();
  const { violations: faults } = await new AxeBuilder({ page }).exclude('iframe').analyze();
  assert.deepEqual(faults.map((f) => `${f.id}: ${f.nodes.map((n) => n.html).join(' ')}`), []);
  looked();
  await page.waitForURL(`${origin}/bye?state=s`, { timeout: 15_000 });
  slow = false;
  await page.context().close();
});

test('the frame of session management notices a sign-out', async () => {
  const { page, violations, out, sessionState } = await signedIn();
  const watcher = await page.context().newPage();
  watcher.on('console', (m) => { if (/Content.Security.Policy/i.test(m.text())) violations.push(m.text()); });
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
