// A real browser, and what every page of ours must be in it.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { AxeBuilder } from '@axe-core/playwright';

const shots = process.env.E2E_SCREENSHOTS; // a folder, to look at the pages; one below it for each test file

// launch starts the browser; hosts are names of sites elsewhere that are played here: host → loopback port.
export const launch = ({ hosts = {} } = {}) => chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [`--host-resolver-rules=${Object.entries(hosts).map(([host, port]) => `MAP ${host}:443 127.0.0.1:${port}`).join(',')}`, '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

// visit opens a fresh browser profile. look() checks the page that is shown: no violation
// of the content security policy, nothing inline, nothing for axe to find.
export async function visit(browser, { javaScriptEnabled = true, ...options } = {}) {
  const context = await browser.newContext({ javaScriptEnabled, ...options });
  const violations = [];
  const watch = (page) => {
    page.on('console', (m) => { if (/Content.Security.Policy/i.test(m.text())) violations.push(m.text()); });
    page.on('pageerror', (e) => violations.push(String(e)));
  };
  context.on('page', watch);
  const page = await context.newPage();
  const look = async (name, { exclude = [] } = {}) => {
    assert.equal(await page.locator('script:not([src]), style, [style], [onclick]').count(), 0, `something inline at ${name}`);
    if (shots) {
      const folder = path.join(shots, path.basename(process.argv[1], '.test.js'));
      mkdirSync(folder, { recursive: true });
      await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
    }
    assert.deepEqual(violations, [], `policy violations or script errors at ${name}`);
    if (!javaScriptEnabled) return;
    const axe = exclude.reduce((builder, part) => builder.exclude(part), new AxeBuilder({ page }));
    const { violations: faults } = await axe.analyze();
    assert.deepEqual(faults.map((f) => `${f.id}: ${f.nodes.map((n) => n.html).join(' ')}`), [], `axe at ${name}`);
  };
  return { context, page, violations, look };
}

// signIn fills in the login form that is shown.
export async function signIn(page, username, password) {
  await page.fill('input[name=username]', username);
  await page.fill('input[name=password]', password);
  await page.click('#login-submit');
}

// fits reports whether nothing has to be scrolled sideways.
export const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);
