// The console's pages about apps in a real browser: from a fresh start to the hand-over
// sheet, and every tab of an app.
import { test, before, beforeEach, after, afterEach } from 'node:test';
import assert from 'node:assert/strict';
import { fits, launch, signIn, visit as visitWith } from './browser.js';
import { start } from './product.js';

let base, product, browser;
const visit = (options) => visitWith(browser, options);

before(async () => { browser = await launch(); });
after(() => browser?.close());
afterEach(() => product?.stop());

async function fresh(options) {
  product = await start(options);
  base = product.issuer;
}

const setUpLink = () => product.log().match(/http:\/\/\S+\/admin\/setup\?key=[\w-]+/)[0];

// owned is a browser in which the owner of a fresh server is signed in.
async function owned(options) {
  await fresh();
  const visited = await visit(options);
  await visited.page.goto(setUpLink());
  await visited.page.fill('[name=username]', 'olga');
  await visited.page.fill('[name=password]', 'a long sentence of hers');
  await visited.page.click('text=Create and sign in');
  return visited;
}

for (const scripted of [true, false]) {
  test(`the first app is connected within six page loads, ${scripted ? 'with' : 'without'} JavaScript`, async () => {
    await fresh();
    const { page, look } = await visit({ javaScriptEnabled: scripted });
    let loads = 0;
    page.on('framenavigated', (frame) => { if (frame === page.mainFrame()) loads++; });
    await page.goto(setUpLink());
    await page.fill('[name=username]', 'olga');
    await page.fill('[name=password]', 'a long sentence of hers');
    await page.click('text=Create and sign in');
    await look('start');
    await page.click('main >> text=Add an app');
    await look('choose');
    await page.click('text=Web app (OpenID Connect)');
    await look('ask');
    await page.fill('[name=name]', 'Wiki');
    await page.fill('[name="answers.redirects"]', 'https://wiki.example/callback');
    await page.click('#answers [value=review]');
    await look('review');
    await page.click('#create [value=create]');
    assert.match(await page.locator('#once-title').textContent(), /Shown once/);
    const secret = await page.inputValue('#secret-0');
    assert.ok(secret.length > 30);
    assert.equal(await page.locator('.sheet >> nth=0').locator('input').first().inputValue(), base);
    await look('handover-new');
    assert.ok(loads <= 6, `${loads} page loads`);
    if (!scripted) return;
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.click('[aria-label="Copy Client secret"]');
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret);
  });
}

const metadata = (entityID) => `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entityID}">
<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><AssertionConsumerService
Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://crm.example/other" index="0"/></SPSSODescriptor></EntityDescriptor>`;

for (const [name, options] of [['wide', {}], ['dark', { colorScheme: 'dark' }], ['narrow', { viewport: { width: 360, height: 740 } }], ['scriptless', { javaScriptEnabled: false }]]) {
  test(`every page about apps holds up ${name}`, async () => {
    const { page, look } = await owned(options);
    const shown = async (what) => {
      await look(`${name}-${what}`);
      if (options.javaScriptEnabled !== false) assert.ok(await fits(page), `${what} scrolls sideways`);
    };
    await page.goto(`${base}/admin/apps`);
    await shown('apps-empty');
    await page.goto(`${base}/admin/apps/new`);
    await shown('choose');
    await page.fill('[name=q]', 'slack');
    await page.click('#search button');
    assert.match(await page.textContent('#matches'), /What fits “slack”/);
    await page.goto(`${base}/admin/apps/new`);
    await page.fill('[name=paste]', '{"issuer":"https://login.example","token_endpoint":"https://login.example/t"}');
    await page.click('#paste button');
    assert.match(await page.textContent('#found'), /discovery document of https:\/\/login\.example/);
    await shown('pasted-discovery');
    await page.fill('[name=paste]', '{"client_name":"Wiki","redirect_uris":["https://wiki.example/cb"],"backchannel_logout_uri":"https://wiki.example/bye"}');
    await page.click('#paste button');
    await shown('pasted-client');
    await page.fill('[name="answers.redirects"]', 'not an address');
    await page.click('#answers [value=review]');
    assert.match(await page.textContent('[role=alert]'), /does not look right/);
    await shown('ask-fault');
    await page.fill('[name="answers.redirects"]', 'https://wiki.example/cb');
    await page.click('#answers [value=review]');
    await shown('review-client');
    await page.check('[name=secret_link]');
    await page.click('#create [value=create]');
    await shown('handover-client');
    for (const tab of ['Settings', 'Secrets', 'Reachability', 'Lint']) {
      await page.click(`.tabs >> text=${tab}`);
      await shown(`client-${tab.toLowerCase()}`);
    }
    await page.click('.tabs >> text=Settings');
    await page.fill('[name=redirect_uris]', 'http://wiki.example/cb#x');
    await page.click('#settings > button');
    await page.waitForSelector('[role=alert]');
    await shown('settings-fault');
    await page.click('.tabs >> text=Secrets');
    await page.click('#make button');
    await shown('secret-made');
    await page.click('.tabs >> text=Reachability');
    await page.click('#probe button');
    await shown('probed');
    await page.goto(`${base}/admin/apps/new?preset=saml-app`);
    await page.fill('[name=name]', 'Customers');
    await page.fill('[name="answers.entity"]', 'urn:example:crm');
    await page.fill('[name="answers.acs"]', 'https://crm.example/acs');
    await page.click('#answers [value=review]');
    await shown('review-saml');
    await page.click('#create [value=create]');
    await shown('handover-saml');
    await page.click('.tabs >> text=Settings');
    await page.click('summary >> text=Sign-ins that start here');
    await page.check('[name=allow_idp_initiated]');
    await page.click('#settings > button');
    await page.click('.tabs >> text=Hand-over');
    await page.fill('[name=relay_state]', '/deals/"7"');
    await page.click('#builder button');
    assert.match(await page.inputValue('#init-url'), /RelayState=%2Fdeals%2F%227%22/);
    await shown('handover-saml-init');
    await page.click('#share button');
    const link = await page.inputValue('#shared');
    await page.click('.tabs >> text=Lint');
    await shown('saml-lint');
    await page.click('.tabs >> text=Metadata');
    await page.setInputFiles('[name=file]', { name: 'sp.xml', mimeType: 'text/xml', buffer: Buffer.from(metadata('urn:example:crm')) });
    await page.click('#replace [value=review]');
    await shown('saml-metadata-compared');
    await page.click('#replace [value=replace]');
    await shown('saml-metadata');
    await page.goto(`${base}/admin/apps/new`);
    await page.setInputFiles('[name=file]', { name: 'sp.xml', mimeType: 'text/xml', buffer: Buffer.from(metadata('urn:example:filed')) });
    await page.click('#paste button');
    await page.fill('[name=name]', 'Filed');
    await page.click('#answers [value=review]');
    await page.click('#create [value=create]');
    await page.goto(`${base}/admin/apps/new?preset=token-app`);
    await page.fill('[name=name]', 'Help');
    await page.fill('[name="answers.return"]', 'https://help.example/jwt');
    await page.click('#answers [value=review]');
    await shown('review-token');
    await page.click('#create [value=create]');
    await shown('handover-token');
    await page.click('.tabs >> text=Settings');
    await page.selectOption('[name=algorithm]', 'HS256');
    await page.click('#settings > button');
    await shown('shared-key');
    await page.goto(`${base}/admin/apps`);
    await shown('apps');
    const stranger = await visit(options);
    await stranger.page.goto(link);
    assert.match(await stranger.page.textContent('h1'), /Customers/);
  });
}
