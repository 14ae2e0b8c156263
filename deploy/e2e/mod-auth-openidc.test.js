// Apache with Debian's mod_auth_openidc in front of a page, against the product, in a real
// browser. One Apache, a port and a client for each configuration; each way in is also
// broken once, and Apache lets nobody through.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { launch } from './browser.js';
import * as processes from './process.js';
import { start } from './product.js';

const modules = '/usr/lib/apache2/modules';
const ada = { username: 'ada', password: 'correct horse battery' };
const key = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
const strange = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
const jwks = { keys: [{ ...createPublicKey(key.publicKey).export({ format: 'jwk' }), kid: 'app-1', use: 'sig' }] };
let product, apache, browser, folder;

const file = (name, text, mode = 0o644) => {
  const at = path.join(folder, name);
  mkdirSync(path.dirname(at), { recursive: true });
  writeFileSync(at, text, { mode });
  return at;
};

// sites are the configurations: what the client is registered as, and what Apache is told.
const object = (alg) => JSON.stringify({
  copy_from_request: ['response_type', 'nonce', 'state', 'redirect_uri', 'scope', 'client_id', 'code_challenge', 'code_challenge_method'],
  static: { aud: 'ISSUER' }, crypto: { sign_alg: alg }, request_object_type: 'request',
}).replaceAll('"', '\\"');
const assertion = { token_endpoint_auth_method: 'private_key_jwt', jwks };
const keyed = (pair) => [`OIDCPrivateKeyFiles app-1#${file('client.key', pair.privateKey)}`, `OIDCPublicKeyFiles app-1#${file('client.pem', pair.publicKey)}`, 'OIDCProviderTokenEndpointAuth private_key_jwt'];
const sites = {
  plain: { client: { backchannel_logout_uri: '/in?logout=backchannel' }, lines: () => ['OIDCPKCEMethod S256', 'OIDCScope "openid email offline_access"', 'OIDCAuthRequestParams prompt=consent'] },
  hmac: { client: { token_endpoint_auth_method: 'client_secret_post', id_token_signed_response_alg: 'HS512', userinfo_signed_response_alg: 'ES256' }, lines: () => ['OIDCIDTokenSignedResponseAlg HS512', 'OIDCUserInfoSignedResponseAlg ES256', 'OIDCProviderTokenEndpointAuth client_secret_post'] },
  secretJWT: { client: { token_endpoint_auth_method: 'client_secret_jwt', id_token_signed_response_alg: 'ES256', frontchannel_logout_uri: '/in?logout=get' }, lines: () => ['OIDCIDTokenSignedResponseAlg ES256', 'OIDCProviderTokenEndpointAuth client_secret_jwt'] },
  hybrid: { client: { ...assertion, id_token_signed_response_alg: 'PS256', allow_implicit: true, grant_types: ['authorization_code', 'implicit'], response_types: ['code id_token'] }, lines: () => [...keyed(key), 'OIDCIDTokenSignedResponseAlg PS256', 'OIDCResponseType "code id_token"', 'OIDCResponseMode form_post'] },
  implicit: { client: { allow_implicit: true, grant_types: ['authorization_code', 'implicit'], response_types: ['id_token'] }, lines: () => ['OIDCResponseType id_token', 'OIDCResponseMode fragment'] },
  object: { client: { ...assertion, request_object_signing_alg: 'RS256' }, lines: () => [...keyed(key), `OIDCRequestObject "${object('RS256')}"`] },
  posted: { client: {}, lines: () => ['OIDCProviderAuthRequestMethod POST'] },
  wrongSecret: { client: {}, secret: () => 'not the secret of this client', lines: () => [] },
  wrongAlg: { client: { id_token_signed_response_alg: 'ES256' }, lines: () => ['OIDCIDTokenSignedResponseAlg RS256'] },
  wrongShared: { client: { id_token_signed_response_alg: 'HS512', hs_key: 'dedicated' }, lines: () => ['OIDCIDTokenSignedResponseAlg HS512'] }, // Apache verifies with the client_secret
  wrongKey: { client: assertion, lines: () => [...keyed(strange).map((l) => l.replaceAll('client.', 'strange.'))] },
  wrongObject: { client: { ...assertion, request_object_signing_alg: 'PS256' }, lines: () => [...keyed(key), `OIDCRequestObject "${object('RS256')}"`] },
};

const page = `#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
env | grep -E '^(OIDC_|REMOTE_USER)' | sort
`;

// host is one virtual host: a page of ours, seen by those who are signed in.
const host = (port, lines) => `
Listen 127.0.0.1:${port}
<VirtualHost 127.0.0.1:${port}>
  ServerName localhost:${port}
  OIDCRedirectURI http://localhost:${port}/in
  OIDCProviderMetadataURL ${product.issuer}/.well-known/openid-configuration
  OIDCCryptoPassphrase ${port}-is-not-a-secret
  OIDCCookie session-${port}
  OIDCInfoHook access_token id_token userinfo refresh_token
  OIDCRedirectURLsAllowed ^http://localhost:${port}/
  ScriptAlias /page ${folder}/page.sh
  Alias /bye ${folder}/bye.txt
  ${lines.join('\n  ')}
  <LocationMatch "^/(page|in)">
    AuthType openid-connect
    Require valid-user
  </LocationMatch>
</VirtualHost>`;

async function configure() {
  for (const name of ['strange.key', 'strange.pem', 'client.key', 'client.pem']) file(name, (name.startsWith('strange') ? strange : key)[name.endsWith('key') ? 'privateKey' : 'publicKey']);
  file('page.sh', page, 0o755);
  file('bye.txt', 'bye');
  const hosts = [];
  for (const [name, site] of Object.entries(sites)) {
    const port = await processes.freePort();
    site.url = `http://localhost:${port}`;
    const here = (uri) => uri && `${site.url}${uri}`;
    site.client = await product.create('clients', {
      client_name: name, first_party: true, require_pkce: false, grant_types: ['authorization_code', 'refresh_token'], ...site.client,
      redirect_uris: [`${site.url}/in`], post_logout_redirect_uris: [`${site.url}/bye`],
      backchannel_logout_uri: here(site.client.backchannel_logout_uri), frontchannel_logout_uri: here(site.client.frontchannel_logout_uri),
    });
    const { client_id, client_secret } = site.client;
    const secret = site.secret?.() ?? client_secret;
    hosts.push(host(port, [`OIDCClientID ${client_id}`, ...secret ? [`OIDCClientSecret "${secret}"`] : [], ...site.lines().map((l) => l.replace('ISSUER', product.issuer))]));
  }
  hosts.push(await resourceServer(), await stranger());
  return file('apache.conf', `
ServerRoot ${folder}
ServerName localhost
PidFile ${folder}/run/pid
DefaultRuntimeDir ${folder}/run
Mutex file:${folder}/run default
ErrorLog ${folder}/error.log
LogLevel warn auth_openidc:info
${['mpm_prefork', 'authn_core', 'authz_core', 'authz_user', 'alias', 'cgi', 'env', 'auth_openidc'].map((m) => `LoadModule ${m}_module ${modules}/mod_${m}.so`).join('\n')}
${process.getuid() === 0 ? 'User www-data\nGroup www-data' : ''}
StartServers 8
MaxRequestWorkers 64
KeepAlive Off
<Directory ${folder}>
  Require all granted
</Directory>
${hosts.join('\n')}
`);
}

// resourceServer is Apache as an API: it asks the product about access tokens.
async function resourceServer() {
  const port = await processes.freePort();
  const client = await product.create('clients', { client_name: 'API', grant_types: ['client_credentials'], introspect_all: true });
  sites.resource = { url: `http://localhost:${port}`, client };
  return `
Listen 127.0.0.1:${port}
<VirtualHost 127.0.0.1:${port}>
  OIDCOAuthServerMetadataURL ${product.issuer}/.well-known/oauth-authorization-server
  OIDCOAuthClientID ${client.client_id}
  OIDCOAuthClientSecret "${client.client_secret}"
  OIDCOAuthRemoteUserClaim sub
  OIDCCryptoPassphrase ${port}-is-not-a-secret
  ScriptAlias /page ${folder}/page.sh
  <Location /page>
    AuthType oauth20
    Require valid-user
  </Location>
</VirtualHost>`;
}

// stranger is a host that nobody registered: it registers by itself.
async function stranger() {
  const port = await processes.freePort();
  sites.stranger = { url: `http://localhost:${port}` };
  const name = encodeURIComponent(product.issuer.replace('http://', ''));
  const metadata = await (await fetch(`${product.issuer}/.well-known/openid-configuration`)).json();
  file(`metadata/${name}.provider`, JSON.stringify(metadata), 0o666);
  file(`metadata/${name}.conf`, JSON.stringify({ registration_token: product.token('registration'), client_name: 'Apache of somebody' }), 0o666);
  chmodSync(path.join(folder, 'metadata'), 0o777);
  return host(port, [`OIDCMetadataDir ${folder}/metadata`]).replace(/ *OIDCProviderMetadataURL.*\n/, '');
}

before(async () => {
  product = await start({ settings: ['registration: token'] });
  await product.create('users', { ...ada, email: 'ada@example.com' });
  folder = mkdtempSync(path.join(tmpdir(), 'cloudsso-apache-'));
  chmodSync(folder, 0o755);
  mkdirSync(path.join(folder, 'run'), { mode: 0o777 });
  chmodSync(path.join(folder, 'run'), 0o777);
  const config = await configure();
  apache = processes.start('/usr/sbin/apache2', ['-f', config, '-DFOREGROUND'], { detached: true }); // told to stop, it signals its whole group
  await processes.until('Apache is ready', async () => (await fetch(`${sites.plain.url}/bye`).catch(() => null))?.ok, apache);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  if (apache) await processes.stop(apache);
  await product?.stop();
  if (folder && process.env.E2E_APACHE_LOG) writeFileSync(process.env.E2E_APACHE_LOG, errors());
  if (folder) rmSync(folder, { recursive: true, force: true });
});

// visit opens the page of a site in a fresh browser and signs in; it returns what the page
// knows of the person, nothing if Apache did not let them through.
async function visit(t, url, javaScriptEnabled = true) {
  const context = await browser.newContext({ javaScriptEnabled });
  t.after(() => context.close());
  const tab = await context.newPage();
  await tab.goto(`${url}/page`);
  await signIn(tab, javaScriptEnabled);
  return { tab, known: await claims(tab) };
}

// signIn answers what the product asks, until Apache shows its page or an error.
async function signIn(tab, javaScriptEnabled) {
  const questions = ['#login-submit', '#consent-allow', ...javaScriptEnabled ? [] : ['#autopost-submit']];
  const end = tab.getByText(/^(Error:|OIDC_)/).first();
  for (let answers = 0; answers < 4; answers++) {
    await Promise.any([end.waitFor(), ...questions.map((q) => tab.locator(q).waitFor())]);
    const question = (await Promise.all(questions.map(async (q) => await tab.locator(q).count() && q))).find(Boolean);
    if (!question) return;
    if (question === '#login-submit') for (const [name, value] of Object.entries(ada)) await tab.fill(`input[name=${name}]`, value);
    await tab.click(question);
    await tab.locator(question).waitFor({ state: 'detached' });
  }
}

// claims is what the page shows: lines of NAME=value, or nothing of them.
const claims = async (tab) => Object.fromEntries([...(await tab.textContent('body')).matchAll(/^(OIDC_\w+|REMOTE_USER)=(.*)$/gm)].map(([, name, value]) => [name, value]));

// errors is what Apache has logged so far.
const errors = () => readFileSync(path.join(folder, 'error.log'), 'utf8');

// info is what Apache remembers of the session of this browser.
const info = async (tab, url) => {
  const answer = await tab.context().request.get(`${url}/in?info=json`);
  return answer.ok() ? answer.json() : undefined;
};

for (const [name, says, scriptless] of [
  ['hmac', 'client_secret_post, id_token HS512 under the client_secret, userinfo ES256', true],
  ['secretJWT', 'client_secret_jwt, id_token ES256', true],
  ['hybrid', 'private_key_jwt, code id_token by form_post, id_token PS256', true],
  ['implicit', 'id_token in the fragment'],
  ['object', 'a signed request object, private_key_jwt', true],
  ['posted', 'the request by POST'],
]) {
  test(`Apache lets a person through: ${says}`, async (t) => {
    for (const scripted of scriptless ? [true, false] : [true]) {
      const { known, tab } = await visit(t, sites[name].url, scripted);
      assert.equal(known.OIDC_CLAIM_iss, product.issuer, `${await tab.textContent('body')} at ${tab.url()}`);
      assert.equal(known.OIDC_CLAIM_aud, sites[name].client.client_id);
      assert.equal(known.REMOTE_USER, `${known.OIDC_CLAIM_sub}@${product.issuer}`);
    }
  });
}

for (const [name, says, why] of [
  ['wrongSecret', 'a wrong client_secret', /invalid_client/],
  ['wrongAlg', 'an id_token under another algorithm than agreed on', /ES256 != RS256/],
  ['wrongShared', 'an id_token under another shared key', /could not verify signature/],
  ['wrongKey', 'a key that is not registered', /invalid_client/],
]) {
  test(`Apache lets nobody through: ${says}`, async (t) => {
    const before = errors().length;
    const { tab, known } = await visit(t, sites[name].url);
    assert.deepEqual(known, {});
    assert.ok(tab.url().startsWith(`${sites[name].url}/in`), `it is Apache that refuses: ${tab.url()} ${await tab.textContent('body')}`);
    assert.match(errors().slice(before), why);
  });
}

test('a request object by another algorithm than registered comes to nothing', async (t) => {
  const { tab, known } = await visit(t, sites.wrongObject.url);
  assert.deepEqual(known, {});
  assert.equal(new URL(tab.url()).searchParams.get('error'), 'invalid_request_object'); // Apache sees iss first (RFC 9207), and takes it for something else
});

for (const scripted of [true, false]) {
  test(`from sign-in to logout, JavaScript ${scripted ? 'on' : 'off'}`, async (t) => {
    const { url } = sites.plain;
    const { tab, known } = await visit(t, url, scripted);
    assert.equal(known.OIDC_CLAIM_email, 'ada@example.com', await tab.textContent('body'));

    const first = await info(tab, url);
    assert.equal(first.userinfo.sub, known.OIDC_CLAIM_sub);
    const asked = await tab.context().request.get(`${url}/in?refresh=${encodeURIComponent(`${url}/bye`)}&access_token=${encodeURIComponent(first.access_token)}`);
    assert.equal(await asked.text(), 'bye');
    const second = await info(tab, url);
    assert.notEqual(second.access_token, first.access_token, 'the access token is a new one');

    const call = (token) => fetch(`${sites.resource.url}/page`, { headers: { Authorization: `Bearer ${token}` } });
    const allowed = await call(second.access_token);
    assert.equal(allowed.status, 200);
    assert.match(await allowed.text(), new RegExp(`REMOTE_USER=${known.OIDC_CLAIM_sub}`));
    assert.equal((await call(`${second.access_token}x`)).status, 401);
    assert.equal((await call(sites.resource.client.client_secret)).status, 401);

    await tab.goto(`${url}/in?logout=${encodeURIComponent(`${url}/bye`)}`);
    await tab.waitForURL(`${url}/bye`, { timeout: 20_000 });
    assert.equal(await tab.textContent('body'), 'bye');
    assert.equal(await info(tab, url), undefined);
    const { client_id, client_secret } = sites.plain.client;
    const dead = await fetch(`${product.issuer}/oauth2/introspect`, { method: 'POST', headers: { Authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` }, body: new URLSearchParams({ token: second.access_token }) });
    assert.equal((await dead.json()).active, false, 'Apache has revoked it');
    await tab.goto(`${url}/page`);
    await tab.waitForSelector('#login-submit');
  });
}

test('a logout elsewhere ends the sessions at Apache, by back channel and by front channel', async (t) => {
  const { tab } = await visit(t, sites.plain.url);
  for (const other of ['secretJWT', 'hmac']) { // no further password
    await tab.goto(`${sites[other].url}/page`);
    await tab.waitForURL(`${sites[other].url}/page`);
  }
  const alive = async () => (await Promise.all(['plain', 'secretJWT', 'hmac'].map((name) => info(tab, sites[name].url)))).map(Boolean);
  assert.deepEqual(await alive(), [true, true, true]);
  await tab.goto(`${product.issuer}/logout`);
  await tab.click('#logout-confirm');
  await processes.until('Apache has heard of it', async () => !(await alive())[0] && !(await alive())[1]);
  assert.deepEqual(await alive(), [false, false, true], 'one that is not told knows nothing of it');

  const forged = await fetch(`${sites.plain.url}/in?logout=backchannel`, { method: 'POST', body: new URLSearchParams({ logout_token: 'eyJhbGciOiJub25lIn0.e30.' }) });
  assert.equal(forged.status, 400);
});

test('Apache registers itself, and starts a sign-in that began elsewhere', async (t) => {
  const { url } = sites.stranger;
  const tab = await (await browser.newContext()).newPage();
  t.after(() => tab.context().close());
  await tab.goto(`${url}/in?${new URLSearchParams({ iss: product.issuer, target_link_uri: `${url}/page` })}`); // as from a list of applications
  await tab.waitForSelector('#login-submit', { timeout: 10_000 }).catch(async () => assert.fail(`${tab.url()} ${await tab.textContent('body')}`));
  for (const [name, value] of Object.entries(ada)) await tab.fill(`input[name=${name}]`, value);
  await tab.click('#login-submit');
  await tab.waitForSelector('#consent-allow'); // nobody has said that it is one of our own
  assert.match(await tab.textContent('h1'), /Apache of somebody/);
  await tab.click('#consent-allow');
  await tab.waitForURL(`${url}/page`);
  assert.equal((await claims(tab)).OIDC_CLAIM_iss, product.issuer);
});
