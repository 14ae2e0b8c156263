// The admin console in a real browser, with and without JavaScript: every page is checked
// with axe and for violations of its content security policy.
import { test, before, beforeEach, after, afterEach } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { AxeBuilder } from '@axe-core/playwright';

const binary = process.env.E2E_BINARY;
const shots = process.env.E2E_SCREENSHOTS; // a folder, to look at the pages
let base, server, browser, data;

const freePort = () => new Promise((resolve, reject) => {
  const probe = createServer();
  probe.once('error', reject);
  probe.listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});

before(async () => {
  assert.ok(binary, 'E2E_BINARY names the built binary');
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});

after(() => browser?.close());

beforeEach(async () => {
  const port = await freePort();
  const ops = await freePort();
  data = mkdtempSync(path.join(tmpdir(), 'cloudsso-console-'));
  base = `http://localhost:${port}`;
  server = spawn(binary, ['serve', '--demo', '--data', data, '--listen', `127.0.0.1:${port}`, '--ops-listen', `127.0.0.1:${ops}`, '--issuer', base]);
  let log = '';
  server.stderr.on('data', (d) => { log += d; });
  server.stdout.on('data', (d) => { log += d; });
  const deadline = Date.now() + 30_000;
  for (;;) {
    assert.ok(server.exitCode === null && Date.now() < deadline, `the server did not start: ${log}`);
    const answer = await fetch(`http://127.0.0.1:${ops}/readyz`).catch(() => null);
    if (answer?.ok) break;
    await new Promise((r) => setTimeout(r, 50));
  }
});

afterEach(async () => {
  if (server && server.exitCode === null) {
    server.kill('SIGTERM');
    await new Promise((r) => server.once('exit', r));
  }
  if (data) rmSync(data, { recursive: true, force: true });
});

// visit opens a fresh browser profile. look() checks the page that is shown.
async function visit({ javaScriptEnabled = true, ...options } = {}) {
  const context = await browser.newContext({ javaScriptEnabled, ...options });
  const page = await context.newPage();
  const violations = [];
  page.on('console', (m) => { if (/Content.Security.Policy/i.test(m.text())) violations.push(m.text()); });
  page.on('pageerror', (e) => violations.push(String(e)));
  const look = async (name) => {
    assert.equal(await page.locator('script:not([src]), [style], [onclick]').count(), 0, `something inline at ${name}`);
    if (shots) {
      mkdirSync(shots, { recursive: true });
      await page.screenshot({ path: path.join(shots, `console-${name}.png`), fullPage: true });
    }
    assert.deepEqual(violations, [], `policy violations or script errors at ${name}`);
    if (!javaScriptEnabled) return;
    const { violations: faults } = await new AxeBuilder({ page }).analyze();
    assert.deepEqual(faults.map((f) => `${f.id}: ${f.nodes.map((n) => n.html).join(' ')}`), [], `axe at ${name}`);
  };
  return { context, page, look };
}

async function signIn(page) {
  await page.fill('input[name=username]', 'ada');
  await page.fill('input[name=password]', 'analytical engine');
  await page.click('#login-submit');
}

for (const scripted of [true, false]) {
  test(`an owner finds their way through the console, ${scripted ? 'with' : 'without'} JavaScript`, async () => {
    const { page, look } = await visit({ javaScriptEnabled: scripted });
    await page.goto(`${base}/admin`);
    await signIn(page);
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

test('a recovery link makes an owner', async () => {
  const link = execFileSync(binary, ['admin', 'recover', '--demo', '--data', data, '--issuer', base], { encoding: 'utf8' }).trim();
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
  await page.fill('input[name=username]', 'grace');
  await page.fill('input[name=password]', 'nanosecond wire');
  await page.click('#login-submit');
  await look('refused');
});

for (const [name, options] of [['dark', { colorScheme: 'dark' }], ['narrow', { viewport: { width: 360, height: 740 } }]]) {
  test(`the console holds up ${name}`, async () => {
    const { page, look } = await visit(options);
    await page.goto(`${base}/admin/tokens`);
    await signIn(page);
    await look(`tokens-${name}`);
    await page.goto(`${base}/admin/events`);
    await look(`events-${name}`);
    await page.goto(`${base}/admin`);
    await look(`overview-${name}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
    assert.equal(wide, false, 'the page scrolls sideways');
  });
}
