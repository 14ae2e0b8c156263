// The page of all applications in a real browser, and what opens from it: applications by OpenID
// Connect, SAML and signed tokens, and a forum that signs in as Discourse does. They are
// strangers to the provider: tokens are verified with jose, the forum's answer with node:crypto.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { fits, launch, signIn, visit as visitWith } from './browser.js';
import { listen } from './process.js';
import { start } from './product.js';

const asked = new Map(); // nonce or state → what belongs to it, until it is answered
const heard = {}; // what came to an application last
const secret = () => randomBytes(32).toString('base64url');
let product, base, browser, origin, community, helpdesk, wiki;
const visit = (options) => visitWith(browser, options);

// once forgets a question and returns what belongs to it.
function once(key) {
  assert.ok(asked.has(key), 'nobody asked that, or it was answered already');
  const value = asked.get(key);
  asked.delete(key);
  return value;
}

const mac = (text) => createHmac('sha256', forumSecret).update(text).digest();
const forumSecret = secret();

// applications: each address answers with where to go on to, or with who is signed in.
const applications = {
  '/wiki/start'(query) {
    assert.equal(query.get('iss'), base);
    const [state, verifier] = [secret(), secret()];
    asked.set(state, verifier);
    return { to: `${base}/oauth2/authorize?${new URLSearchParams({
      client_id: wiki.client_id, redirect_uri: `${origin}/wiki/callback`, response_type: 'code', scope: 'openid profile', state,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256',
    })}` };
  },
  async '/wiki/callback'(query) {
    const answer = await fetch(`${base}/oauth2/token`, { method: 'POST', body: new URLSearchParams({
      grant_type: 'authorization_code', code: query.get('code'), redirect_uri: `${origin}/wiki/callback`, code_verifier: once(query.get('state')),
      client_id: wiki.client_id, client_secret: wiki.client_secret,
    }) });
    const { id_token: token, access_token: access, error_description: refused } = await answer.json();
    assert.ok(token, refused);
    const { payload } = await jwtVerify(token, keySet(), { issuer: base, audience: wiki.client_id });
    const person = await (await fetch(`${base}/oauth2/userinfo`, { headers: { Authorization: `Bearer ${access}` } })).json();
    assert.equal(person.sub, payload.sub);
    return { who: person.name };
  },
  '/crm/acs'(form) {
    const response = Buffer.from(form.get('SAMLResponse'), 'base64').toString();
    return { who: response.match(/<saml:NameID[^>]*>([^<]*)/)[1] };
  },
  async '/community/in'(query, method) {
    assert.equal(method, 'GET');
    assert.equal(query.get('customer'), 'acme');
    const { payload } = await jwtVerify(query.get('token'), keySet(), { issuer: base, audience: origin, algorithms: ['RS256'], requiredClaims: ['jti', 'sub'], maxTokenAge: 60 });
    await assert.rejects(jwtVerify(query.get('token'), keySet(), { audience: 'https://another.example' }), /unexpected "aud"/);
    return { who: payload.email };
  },
  '/desk/start'() {
    const nonce = secret();
    asked.set(nonce, 'desk');
    return { to: `${helpdesk.login_url}?${new URLSearchParams({ nonce, return_to: `${origin}/desk/tickets/7?a=1&b=2`, state: '"><i>&' })}` };
  },
  async '/desk/in'(form, method) {
    assert.equal(method, 'POST');
    const { payload } = await jwtVerify(form.get('jwt'), new TextEncoder().encode(helpdesk.shared_key), { issuer: base, audience: origin, algorithms: ['HS256'], requiredClaims: ['jti'] });
    assert.equal(once(payload.nonce), 'desk');
    assert.equal(form.get('state'), '"><i>&');
    assert.equal(form.get('return_to'), `${origin}/desk/tickets/7?a=1&b=2`);
    return { who: payload.name };
  },
  '/session/sso'() {
    const nonce = secret();
    asked.set(nonce, 'forum');
    const sso = Buffer.from(new URLSearchParams({ nonce, return_sso_url: `${origin}/session/sso_login` }).toString()).toString('base64');
    heard.question = `${base}/token/forum?${new URLSearchParams({ sso, sig: mac(sso).toString('hex') })}`;
    return { to: heard.question };
  },
  '/session/sso_login'(query) {
    const sig = Buffer.from(query.get('sig'), 'hex');
    assert.ok(sig.length === 32 && timingSafeEqual(sig, mac(query.get('sso'))), 'the signature');
    const said = new URLSearchParams(Buffer.from(query.get('sso'), 'base64').toString());
    assert.equal(once(said.get('nonce')), 'forum');
    heard.forum = Object.fromEntries(said);
    return { who: said.get('username') };
  },
};

const keySet = () => createRemoteJWKSet(new URL(`${base}/oauth2/jwks`));

const site = createServer(async (request, response) => {
  const url = new URL(request.url, origin);
  let body = '';
  for await (const part of request) body += part;
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  try {
    const { to, who } = await applications[url.pathname](request.method === 'POST' ? new URLSearchParams(body) : url.searchParams, request.method);
    if (to) response.writeHead(303, { Location: to });
    response.end(who && `<!doctype html><html lang="en"><title>In</title><p id="who">${who}</p>`);
  } catch (error) {
    response.writeHead(403).end(`<!doctype html><html lang="en"><title>Refused</title><p id="refused">${error.message}</p>`);
  }
});

before(async () => {
  origin = `http://localhost:${await listen(site)}`;
  product = await start({ settings: ['limits: {enabled: false}'] });
  base = product.issuer;
  await product.create('users', { username: 'ada', email: 'ada@example.com', password: 'analytical engine', groups: ['engineering'], attributes: { name: 'Ada Lovelace' } });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await product?.stop();
  site.closeAllConnections();
  site.close();
});

async function register() {
  const row = (name, from = name) => ({ name, from });
  wiki = await product.create('clients', {
    client_name: 'Wiki', description: 'What we know, and who wrote it down', first_party: true, token_endpoint_auth_method: 'client_secret_post',
    redirect_uris: [`${origin}/wiki/callback`], initiate_login_uri: `${origin}/wiki/start`,
  });
  await product.create('service-providers', {
    app: 'crm', name: 'Customer relations', description: 'Customers, contracts and the history of both, in a text that needs more than one line', entity_id: 'urn:example:crm',
    acs: [{ location: `${origin}/crm/acs` }], allow_idp_initiated: true, nameid: { format: 'emailAddress' },
  });
  const token = (name, body) => product.create('token-apps', { name, ...body });
  community = await token('Community', { return_url: `${origin}/community/in?customer=acme`, claims: [row('email')] });
  helpdesk = await token('Helpdesk', {
    return_url: `${origin}/desk/in`, method: 'post', algorithm: 'HS256', token_param: 'jwt', nonce_param: 'nonce', return_to_param: 'return_to', state_param: 'state',
    start_url: `${origin}/desk/start`, claims: [row('name')],
  });
  await token('Forum', {
    scheme: 'discourse', return_url: `${origin}/session/sso_login`, shared_key: forumSecret, claims: [row('email'), row('username'), row('groups')],
  });
  await token('Payroll', { return_url: `${origin}/payroll`, assigned: { groups: ['finance'] } });
  await product.create('clients', { client_name: 'Backstage', redirect_uris: [`${origin}/backstage`], client_uri: `${origin}/backstage`, hide_from_apps_page: true });
  await product.create('clients', { client_name: 'No way in', redirect_uris: [`${origin}/none`] });
}

const tiles = (page) => page.locator('.tile strong').allTextContents();

test('somebody without applications reads so', async () => {
  const { context, page, look } = await visit();
  await page.goto(`${base}/apps`);
  await signIn(page, 'ada', 'analytical engine');
  await page.getByRole('heading', { name: 'Your applications' }).waitFor();
  assert.match(await page.textContent('main'), /There is no application here/);
  await look('apps-none');
  await context.close();
  await register();
});

const opens = { Community: 'ada@example.com', 'Customer relations': 'ada@example.com', Forum: 'ada', Helpdesk: 'Ada Lovelace', Wiki: 'Ada Lovelace' };

for (const scripted of [true, false]) {
  const how = scripted ? 'with JavaScript' : 'without JavaScript';

  test(`every application opens from the page of all applications, ${how}`, async () => {
    const { context, page, look } = await visit({ javaScriptEnabled: scripted });
    await page.goto(`${base}/apps`);
    await look(`login-${scripted}`);
    await signIn(page, 'ada', 'analytical engine');
    assert.deepEqual(await tiles(page), Object.keys(opens), 'neither the one that is not hers, nor the hidden one, nor the one without a way in');
    await look(`apps-${scripted}`);
    for (const [name, who] of Object.entries(opens)) {
      await page.goto(`${base}/apps`);
      await page.click(`.tile:has-text("${name}")`);
      if (!scripted && await page.locator('#autopost').count()) {
        await look(`continue-${name}`);
        await page.click('#autopost-submit');
      }
      await page.waitForSelector('#who, #refused');
      assert.equal(await page.textContent('#who, #refused'), who, name);
      assert.equal(new URL(page.url()).origin, origin);
    }
    await page.goto(`${base}/launch/payroll`);
    assert.match(await page.textContent('main'), /no access/i);
    await look(`not-assigned-${scripted}`);
    await page.goto(`${base}/apps`);
    await page.click('text=Sign out');
    await page.click('#logout-confirm');
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor({ timeout: 15_000 });
    await page.goto(`${base}/apps`);
    await page.waitForSelector('#login-submit');
    await context.close();
  });
}

for (const colorScheme of ['light', 'dark']) {
  test(`the page holds up on a small ${colorScheme} screen`, async () => {
    const { context, page, look } = await visit({ viewport: { width: 360, height: 740 }, colorScheme });
    await page.goto(`${base}/apps`);
    await look(`login-small-${colorScheme}`);
    await signIn(page, 'ada', 'analytical engine');
    await page.waitForSelector('.tile');
    await look(`apps-small-${colorScheme}`);
    assert.ok(await fits(page), 'nothing to scroll sideways');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await look(`apps-small-${colorScheme}-focus`);
    await context.close();
  });
}

test('a forum signs people in as Discourse does, once per question', async () => {
  const { context, page, look } = await visit();
  await page.goto(`${origin}/session/sso`);
  await look('forum-login');
  assert.match(await page.title(), /Forum/);
  await signIn(page, 'ada', 'analytical engine');
  assert.equal(await page.textContent('#who, #refused'), 'ada');
  const { nonce, external_id: id, ...said } = heard.forum;
  assert.ok(nonce && id);
  assert.deepEqual(said, { email: 'ada@example.com', username: 'ada', groups: 'engineering', require_activation: 'true' });
  await page.reload();
  assert.match(await page.textContent('#refused'), /answered already/);
  await page.goto(heard.question);
  assert.match(await page.textContent('main'), /was used already/);
  await look('forum-again');
  await page.goto(heard.question.replace(/sig=../, 'sig=00'));
  assert.match(await page.textContent('main'), /signature of the forum/);
  await look('forum-forged');
  await context.close();
});

test('an admin tests applications that take signed tokens in the console', async () => {
  const { context, page, look } = await visit();
  await page.goto(product.log().match(/http:\/\/\S+\/admin\/setup\?key=[\w-]+/)[0]);
  await page.fill('[name=username]', 'olga');
  await page.fill('[name=password]', 'a long sentence of hers');
  await page.click('text=Create and sign in');
  const result = async (name) => {
    await page.waitForSelector('text=Took');
    await look(name);
    return page.locator('td').getByText('failed', { exact: true }).count();
  };
  for (const app of ['forum', 'community', 'helpdesk']) {
    await page.goto(`${base}/admin/apps/${app}/handover`);
    await page.click('nav >> text=Test sign-in');
    if (app === 'forum') await look('console-verify');
    await page.fill('[name=user]', 'ada');
    await page.click('text=Test as this person');
    assert.equal(await result(`console-verify-${app}`), 0, app);
  }
  await page.goto(`${base}/admin/apps/forum/verify`);
  await page.fill('[name=user]', 'olga');
  await page.click('text=Test as this person');
  assert.equal(await result('console-verify-no-address'), 1);
  assert.match(await page.textContent('main'), /needs an e-mail address/);
  await context.close();
});

test('the applications of the demo open from the page, too', async () => {
  const demo = await start({ demo: true });
  try {
    const { context, page, look } = await visit();
    await page.goto(demo.issuer);
    await page.click('#demo-apps');
    await signIn(page, 'ada', 'analytical engine');
    assert.deepEqual(await tiles(page), ['Demo relying party', 'Demo service provider']);
    await look('demo-apps');
    await page.click('.tile >> nth=0');
    await page.click('#consent-allow');
    await page.waitForSelector('#demo-id-token');
    await page.goto(`${demo.issuer}/apps`);
    await page.click('.tile >> nth=1');
    await page.waitForSelector('#demo-nameid');
    await page.goto(`${demo.issuer}/demo/rp/login?iss=https://evil.example`);
    assert.match(await page.textContent('#demo-problem'), /another provider/);
    await context.close();
  } finally {
    await demo.stop();
  }
});

test('a link with a place of somebody else is refused', async () => {
  const { context, page, look } = await visit();
  await page.goto(`${helpdesk.login_url}?nonce=n&return_to=${encodeURIComponent('https://evil.example/')}`);
  assert.match(await page.textContent('main'), /leads elsewhere/);
  await look('return-elsewhere');
  await page.goto(helpdesk.login_url);
  assert.match(await page.textContent('main'), /nonce is missing/);
  await page.goto(community.launch_url);
  await signIn(page, 'ada', 'analytical engine');
  assert.equal(await page.textContent('#who, #refused'), 'ada@example.com');
  await context.close();
});
