// openid-client (npm), which others certified, against the product: what an application in
// Node does from registration to logout. Each way in is also broken once, and refused.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createRemoteJWKSet, decodeProtectedHeader, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { launch } from './browser.js';
import { listen, until } from './process.js';
import { start } from './product.js';
import { Browser } from './person.js';

const ada = { username: 'ada', password: 'correct horse battery' };
const backchannel = 'http://schemas.openid.net/event/backchannel-logout';
const api = 'https://api.example/orders';
const heard = { callback: [], back: [], front: [] }; // what came to the application
const served = {}; // path → JSON or text that the application shows
let product, issuer, site, callback, keySet, chrome;

// application is the relying party's own web server.
const application = createServer(async (request, response) => {
  const url = new URL(request.url, site);
  let body = '';
  for await (const chunk of request) body += chunk;
  const kind = url.pathname.slice(1);
  if (heard[kind]) heard[kind].push(request.method === 'POST' ? new Request(url, { method: 'POST', body: new URLSearchParams(body) }) : url);
  if (served[kind]) response.end(served[kind]);
  else response.setHeader('Content-Type', 'text/html').end(`<!doctype html><title>app</title><p id="app">${kind}</p>`);
});

before(async () => {
  site = `http://localhost:${await listen(application)}`;
  callback = `${site}/callback`;
  product = await start({ settings: ['registration: token', 'registration_allow_implicit: true'] });
  issuer = product.issuer;
  keySet = createRemoteJWKSet(new URL(`${issuer}/oauth2/jwks`), { cooldownDuration: 0 });
  await product.create('users', { ...ada, email: 'ada@example.com' });
});

after(async () => {
  await (await chrome)?.close();
  await product?.stop();
  application.closeAllConnections();
  application.close();
});

// pair makes a key pair of the application's: its private half, and a public key set.
async function pair(alg, kid = 'app-1') {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { key: { key: privateKey, kid }, jwks: { keys: [{ ...await exportJWK(publicKey), kid, use: 'sig' }] } };
}

const register = (more = {}) => product.create('clients', {
  client_name: 'Wiki', first_party: true, redirect_uris: [callback], grant_types: ['authorization_code', 'refresh_token'], ...more,
});

// configure is what the application's own configuration says of a client.
function configure(client, auth, ...more) {
  const { client_id, ...metadata } = client;
  return oidc.discovery(new URL(issuer), client_id, metadata, auth, { execute: [oidc.allowInsecureRequests, ...more] });
}

const basic = (client) => oidc.ClientSecretBasic(client.client_secret);

// ask starts a sign-in: where to send the person, and what must come back.
async function ask(config, more = {}, build = oidc.buildAuthorizationUrl) {
  const checks = { pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce(), idTokenExpected: true };
  const url = await build(config, {
    redirect_uri: callback, scope: 'openid email offline_access', prompt: 'consent', state: checks.expectedState, nonce: checks.expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier), code_challenge_method: 'S256', ...more,
  });
  return { url, checks };
}

// answer is where the person comes back to, after having signed in.
async function answer({ url }, browser = new Browser(issuer)) {
  const page = await browser.signIn(url, ada.username, ada.password);
  assert.ok(page.url.href.startsWith(callback), page.text());
  return page.url;
}

async function signIn(config, more, build) {
  const asked = await ask(config, more, build);
  return oidc.authorizationCodeGrant(config, await answer(asked), asked.checks);
}

const refusedWith = (error) => (e) => e.error === error || assert.fail(`${error} is expected, not ${e.error ?? e.code}: ${e.message} ${e.error_description ?? ''}`);
const notAuthenticated = (e) => e.error === 'invalid_client' || e.cause?.[0]?.scheme === 'basic' || assert.fail(e); // the client looks at the challenge first
const clientRefuses = (code) => (e) => (e instanceof oidc.ClientError && e.code === code) || assert.fail(`${code} is expected of the client, not ${e.code}: ${e.message} ${e.error_description ?? ''}`);

// One row: how the client shows who it is, and how its answers are signed.
const ways = [
  { auth: 'client_secret_basic', id: 'RS256', by: basic },
  { auth: 'client_secret_post', id: 'ES256', userinfo: 'ES256', introspection: 'ES256', by: (c) => oidc.ClientSecretPost(c.client_secret) },
  { auth: 'client_secret_jwt', id: 'PS256', userinfo: 'RS256', by: (c) => oidc.ClientSecretJwt(c.client_secret) },
  { auth: 'private_key_jwt', keys: 'ES256', id: 'EdDSA', userinfo: 'EdDSA', introspection: 'PS256' },
  { auth: 'private_key_jwt', keys: 'PS256', remote: true, id: 'ES512' },
  { auth: 'private_key_jwt', keys: 'Ed25519', id: 'RS256' },
  { auth: 'client_secret_basic', id: 'HS512', by: basic },
  { auth: 'client_secret_jwt', id: 'HS256', by: (c) => oidc.ClientSecretJwt(c.client_secret) },
  { auth: 'none', id: 'RS384', by: () => oidc.None() },
];

for (const way of ways) {
  const name = [way.auth, way.keys, way.remote && 'by jwks_uri', `id_token ${way.id}`, way.userinfo && `userinfo ${way.userinfo}`].filter(Boolean).join(', ');
  test(`from sign-in to revocation: ${name}`, async () => {
    const { key, jwks } = way.keys ? await pair(way.keys) : {};
    if (way.remote) served.jwks = JSON.stringify(jwks);
    const client = await register({
      token_endpoint_auth_method: way.auth, id_token_signed_response_alg: way.id, userinfo_signed_response_alg: way.userinfo, introspection_signed_response_alg: way.introspection,
      ...(way.remote ? { jwks_uri: `${site}/jwks` } : { jwks }),
    });
    const settings = { ...client, introspection_signed_response_alg: way.introspection }; // without it the client wants JSON
    const shared = way.id.startsWith('HS');
    const config = await configure(settings, key ? oidc.PrivateKeyJwt(key) : way.by(client), ...shared ? [] : [oidc.enableNonRepudiationChecks]);

    const asked = await ask(config, { max_age: '600' });
    const back = await answer(asked);
    const tokens = await oidc.authorizationCodeGrant(config, back, { ...asked.checks, maxAge: 600 });
    const verified = await jwtVerify(tokens.id_token, shared ? new TextEncoder().encode(client.client_secret) : keySet, { issuer, audience: client.client_id, algorithms: [way.id] });
    assert.equal(verified.payload.sub, tokens.claims().sub);
    const info = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
    assert.equal(info.email, 'ada@example.com');

    const fresh = await oidc.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(fresh.access_token, tokens.access_token);
    if (way.auth !== 'none') {
      const known = await oidc.tokenIntrospection(config, fresh.access_token);
      assert.deepEqual([known.active, known.client_id, known.sub], [true, client.client_id, info.sub]);
    }

    // Broken once each: who asks, how the answer is signed, and for whom it is.
    if (way.auth !== 'none') {
      const thief = await configure(settings, key ? oidc.PrivateKeyJwt({ ...key, key: (await pair(way.keys)).key.key }) : way.by({ client_secret: `${client.client_secret.slice(0, -1)}~` }));
      await assert.rejects(oidc.refreshTokenGrant(thief, fresh.refresh_token), notAuthenticated);
      await assert.rejects(oidc.tokenIntrospection(thief, fresh.access_token), notAuthenticated);
    }
    const expecting = await configure({ ...settings, id_token_signed_response_alg: way.id === 'RS256' ? 'ES256' : 'RS256' }, key ? oidc.PrivateKeyJwt(key) : way.by(client));
    await assert.rejects(oidc.refreshTokenGrant(expecting, fresh.refresh_token), clientRefuses('OAUTH_INVALID_RESPONSE'));
    await assert.rejects(oidc.fetchUserInfo(config, fresh.access_token, 'somebody else'), clientRefuses('OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED'));
    await assert.rejects(oidc.authorizationCodeGrant(config, back, asked.checks), refusedWith('invalid_grant')); // the same code again

    const last = await signIn(config);
    await oidc.tokenRevocation(config, last.refresh_token, { token_type_hint: 'refresh_token' });
    await assert.rejects(oidc.refreshTokenGrant(config, last.refresh_token), refusedWith('invalid_grant'));
    await assert.rejects(oidc.fetchUserInfo(config, last.access_token, info.sub), (e) => e.cause?.[0]?.parameters?.error === 'invalid_token' || assert.fail(e));
  });
}

test('an answer with another state, nonce, issuer or verifier is refused', async () => {
  const client = await register();
  const config = await configure(client, basic(client));
  const browser = new Browser(issuer);
  const broken = [
    [(b, checks) => [b, { ...checks, expectedState: 'another' }], clientRefuses('OAUTH_INVALID_RESPONSE')],
    [(b, checks) => [b, { ...checks, expectedNonce: 'another' }], clientRefuses('OAUTH_JWT_CLAIM_COMPARISON_FAILED')],
    [(b, checks) => [b, { ...checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() }], refusedWith('invalid_grant')],
    [(b, checks) => { b.searchParams.set('iss', 'http://localhost:1'); return [b, checks]; }, clientRefuses('OAUTH_INVALID_RESPONSE')],
    [(b, checks) => { b.searchParams.delete('iss'); return [b, checks]; }, clientRefuses('OAUTH_INVALID_RESPONSE')], // RFC 9207
  ];
  for (const [change, refused] of broken) {
    const asked = await ask(config);
    await assert.rejects(oidc.authorizationCodeGrant(config, ...change(await answer(asked, browser), asked.checks)), refused);
  }
});

test('a person who says no comes back with access_denied', async () => {
  const client = await register();
  const config = await configure(client, basic(client));
  const asked = await ask(config);
  const page = await (await new Browser(issuer).open(asked.url)).press('login-cancel');
  await assert.rejects(oidc.authorizationCodeGrant(config, page.url, asked.checks), refusedWith('access_denied'));
});

test('a client acts for itself', async () => {
  const client = await register({ grant_types: ['client_credentials'], redirect_uris: [], scope: 'orders', resources: [api], access_token_format: 'jwt' });
  const config = await configure(client, basic(client));
  const tokens = await oidc.clientCredentialsGrant(config, { scope: 'orders', resource: api });
  const { payload } = await jwtVerify(tokens.access_token, keySet, { issuer, audience: api, typ: 'at+jwt' });
  assert.deepEqual([payload.client_id, payload.scope], [client.client_id, 'orders']);
  await assert.rejects(oidc.clientCredentialsGrant(config, { resource: 'https://other.example' }), refusedWith('invalid_target'));
  const thief = await configure(client, oidc.ClientSecretBasic('not the secret at all'));
  await assert.rejects(oidc.clientCredentialsGrant(thief), notAuthenticated);
});

test('pushed requests (RFC 9126)', async () => {
  const { key, jwks } = await pair('ES256');
  const client = await register({ token_endpoint_auth_method: 'private_key_jwt', jwks, require_pushed_authorization_requests: true });
  const config = await configure(client, oidc.PrivateKeyJwt(key));
  const pushed = await ask(config, {}, oidc.buildAuthorizationUrlWithPAR);
  assert.deepEqual([...pushed.url.searchParams.keys()].sort(), ['client_id', 'request_uri']);
  assert.ok((await oidc.authorizationCodeGrant(config, await answer(pushed), pushed.checks)).refresh_token);

  const again = await new Browser(issuer).open(pushed.url);
  assert.ok(again.status >= 400 && again.status < 500, 'it leads to one answer only');
  const plain = await ask(config);
  await assert.rejects(oidc.authorizationCodeGrant(config, await answer(plain), plain.checks), refusedWith('invalid_request'));
  await assert.rejects(ask(config, { redirect_uri: `${site}/other` }, oidc.buildAuthorizationUrlWithPAR), refusedWith('invalid_request'));
  const thief = await configure(client, oidc.PrivateKeyJwt((await pair('ES256')).key));
  await assert.rejects(ask(thief, {}, oidc.buildAuthorizationUrlWithPAR), notAuthenticated);
});

test('request objects (RFC 9101): by value, pushed, and by reference', async () => {
  const { key, jwks } = await pair('PS256');
  const client = await register({ jwks, require_signed_request_object: true, request_object_signing_alg: 'PS256', request_uris: [`${site}/object`] });
  const config = await configure(client, basic(client));
  const signed = (by) => (c, parameters) => oidc.buildAuthorizationUrlWithJAR(c, parameters, by);
  assert.ok((await signIn(config, {}, signed(key))).refresh_token);
  assert.ok((await signIn(config, {}, async (c, parameters) => oidc.buildAuthorizationUrlWithPAR(c, (await signed(key)(c, parameters)).searchParams))).refresh_token);
  assert.ok((await signIn(config, {}, async (c, parameters) => {
    served.object = (await signed(key)(c, parameters)).searchParams.get('request');
    return oidc.buildAuthorizationUrl(c, { request_uri: `${site}/object` });
  })).refresh_token);

  const strange = await ask(config, {}, signed((await pair('PS256')).key));
  const page = await new Browser(issuer).open(strange.url);
  assert.equal(page.status, 400, page.text()); // nothing in it is believed, so there is no address to go back to
  assert.ok(!page.has('login-submit'));
  const plain = await ask(config);
  await assert.rejects(oidc.authorizationCodeGrant(config, await answer(plain), plain.checks), refusedWith('invalid_request'));
});

test('a device without a browser: approved by one person, denied by another', async () => {
  const client = await register({ client_name: 'Television', token_endpoint_auth_method: 'none', grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'], redirect_uris: [] });
  const config = await configure(client, oidc.None(), oidc.enableNonRepudiationChecks);
  const connect = async () => {
    const device = await oidc.initiateDeviceAuthorization(config, { scope: 'openid offline_access' });
    return { polled: oidc.pollDeviceAuthorizationGrant(config, device), page: await new Browser(issuer).open(device.verification_uri_complete), device };
  };
  const [yes, no] = await Promise.all([connect(), connect()]);
  assert.ok(yes.page.html.includes(yes.device.user_code));
  const denied = assert.rejects(no.polled, refusedWith('access_denied'));
  await no.page.press('device-deny');
  const login = await yes.page.press('device-confirm');
  const consent = await login.press('login-submit', ada);
  assert.ok((await consent.press('consent-allow')).has('device-done'));
  const tokens = await yes.polled;
  assert.equal(tokens.claims().aud, client.client_id);
  assert.ok((await oidc.refreshTokenGrant(config, tokens.refresh_token)).access_token);
  await assert.rejects(oidc.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:device_code', { device_code: yes.device.device_code }), refusedWith('invalid_grant'));
  await denied;
});

test('hybrid and implicit: tokens in the front channel are bound to their answer', async () => {
  const client = await register({
    allow_implicit: true, grant_types: ['authorization_code', 'implicit', 'refresh_token'], response_types: ['code id_token', 'id_token'], id_token_signed_response_alg: 'PS256', redirect_uris: [callback],
  });
  const hybrid = await configure(client, basic(client), oidc.useCodeIdTokenResponseType, oidc.enableDetachedSignatureResponseChecks, oidc.enableNonRepudiationChecks);
  const tokens = await signIn(hybrid);
  assert.ok(tokens.refresh_token);
  for (const [change, refused] of [
    [(f) => f.set('code', `${f.get('code')}x`), 'c_hash'],
    [(f, checks) => { f.set('state', 'another'); checks.expectedState = 'another'; }, 's_hash'],
    [(f, checks) => { checks.expectedNonce = 'another'; }, 'nonce'],
    [(f) => f.set('id_token', tokens.id_token), 'c_hash|nonce'], // an older one
  ]) {
    const asked = await ask(hybrid);
    const back = await answer(asked);
    const fragment = new URLSearchParams(back.hash.slice(1));
    assert.ok(fragment.has('code') && back.search === '', 'all of it in the fragment');
    change(fragment, asked.checks);
    back.hash = fragment;
    await assert.rejects(oidc.authorizationCodeGrant(hybrid, back, asked.checks), (e) => e instanceof oidc.ClientError && new RegExp(refused).test(`${e.message} ${e.cause?.message}`) || assert.fail(e));
  }

  const implicit = await configure(client, oidc.None(), oidc.useIdTokenResponseType);
  const nonce = oidc.randomNonce();
  const back = await answer({ url: oidc.buildAuthorizationUrl(implicit, { redirect_uri: callback, scope: 'openid', nonce, state: 's' }) });
  assert.equal((await oidc.implicitAuthentication(implicit, back, nonce, { expectedState: 's' })).sub, tokens.claims().sub);
  await assert.rejects(oidc.implicitAuthentication(implicit, back, 'another', { expectedState: 's' }), clientRefuses('OAUTH_JWT_CLAIM_COMPARISON_FAILED'));
  back.hash = back.hash.replace(/(id_token=[^.]+\.[^.]+\.)...../, '$1AAAAA');
  await assert.rejects(oidc.implicitAuthentication(implicit, back, nonce, { expectedState: 's' }), (e) => /signature/.test(`${e.message} ${e.cause?.message}`) || assert.fail(e));
});

test('registration by itself, and the end of it', async () => {
  const { key, jwks } = await pair('ES256');
  const wanted = { client_name: 'Guest', redirect_uris: [callback], grant_types: ['authorization_code', 'refresh_token'], token_endpoint_auth_method: 'private_key_jwt', id_token_signed_response_alg: 'ES256', jwks };
  const execute = [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks];
  const server = new URL(issuer);
  const initialAccessToken = product.token('registration');
  const config = await oidc.dynamicClientRegistration(server, wanted, oidc.PrivateKeyJwt(key), { initialAccessToken, execute });
  assert.ok((await signIn(config)).refresh_token);
  const { registration_client_uri: home, registration_access_token: token } = config.clientMetadata();
  const headers = { Authorization: `Bearer ${token}` };
  assert.equal((await (await fetch(home, { headers })).json()).client_name, 'Guest');

  const refused = (metadata, options) => oidc.dynamicClientRegistration(server, metadata, oidc.None(), { execute, ...options });
  await assert.rejects(refused(wanted), (e) => e.cause?.[0]?.scheme === 'bearer' || assert.fail(e));
  await assert.rejects(refused(wanted, { initialAccessToken: product.token('owner').slice(0, -4) }), (e) => e.cause?.[0]?.parameters?.error === 'invalid_token' || assert.fail(e));
  await assert.rejects(refused({ ...wanted, redirect_uris: [`${callback}#x`] }, { initialAccessToken }), refusedWith('invalid_redirect_uri'));
  await assert.rejects(refused({ ...wanted, jwks_uri: `${site}/jwks` }, { initialAccessToken }), refusedWith('invalid_client_metadata'));

  assert.equal((await fetch(home, { method: 'DELETE', headers })).status, 204);
  assert.equal((await fetch(home, { headers })).status, 401);
  assert.equal((await new Browser(issuer).open((await ask(config)).url)).status, 400);
});

test('resource servers and pairwise subjects', async () => {
  const [client, other] = [await register({ subject_type: 'pairwise', resources: [api], access_token_format: 'jwt' }), await register()];
  const guard = await register({ grant_types: ['client_credentials'], redirect_uris: [], resource_server_for: [api] });
  const config = await configure(client, basic(client), oidc.enableNonRepudiationChecks);
  const asked = await ask(config, { resource: api });
  const tokens = await oidc.authorizationCodeGrant(config, await answer(asked), asked.checks, { resource: api });
  const { payload } = await jwtVerify(tokens.access_token, keySet, { issuer, audience: api, typ: 'at+jwt' });
  assert.equal(payload.sub, tokens.claims().sub);
  const outside = await configure(other, basic(other));
  assert.notEqual((await signIn(outside)).claims().sub, payload.sub);
  assert.equal((await oidc.tokenIntrospection(await configure(guard, basic(guard)), tokens.access_token)).active, true);
  assert.equal((await oidc.tokenIntrospection(outside, tokens.access_token)).active, false);
  await assert.rejects(jwtVerify(tokens.id_token, keySet, { typ: 'at+jwt' }));
});

test('the metadata of RFC 8414', async () => {
  const client = await register();
  const config = await oidc.discovery(new URL(issuer), client.client_id, client, basic(client), { algorithm: 'oauth2', execute: [oidc.allowInsecureRequests] });
  assert.ok((await signIn(config)).access_token);
  await assert.rejects(oidc.discovery(new URL(issuer.replace('localhost', '127.0.0.1')), client.client_id, client, basic(client), { execute: [oidc.allowInsecureRequests] }), clientRefuses('OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED'));
});

// launched is the one browser of all tests.
function launched() {
  chrome ??= launch();
  return chrome;
}

// In a real browser: what needs scripts, frames and posts from one site to another.
for (const javaScriptEnabled of [true, false]) {
  test(`form_post, and logout by front and back channel, JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async (t) => {
    const browser = await launched();
    const context = await browser.newContext({ javaScriptEnabled });
    t.after(() => context.close());
    const page = await context.newPage();
    const client = await register({
      subject_type: 'pairwise', post_logout_redirect_uris: [`${site}/bye`], backchannel_logout_uri: `${site}/back`, backchannel_logout_session_required: true,
      frontchannel_logout_uri: `${site}/front`, frontchannel_logout_session_required: true,
    });
    const quiet = await register({ id_token_signed_response_alg: 'HS512', backchannel_logout_uri: `${site}/back` });
    const [config, second] = [await configure(client, basic(client), oidc.enableNonRepudiationChecks), await configure(quiet, basic(quiet))];
    for (const list of Object.values(heard)) list.length = 0;

    const arrive = async (asked) => {
      await page.goto(asked.url.href);
      if (await page.locator('#login-submit').count()) {
        for (const [name, value] of Object.entries(ada)) await page.fill(`input[name=${name}]`, value);
        await page.click('#login-submit');
      }
      if (!javaScriptEnabled) await page.click('#autopost-submit');
      await page.waitForSelector('#app');
      return heard.callback.pop();
    };
    const without = { scope: 'openid', prompt: '', response_mode: 'form_post' };
    const asked = await ask(config, without);
    const posted = await arrive(asked);
    assert.equal(posted.method, 'POST');
    const tokens = await oidc.authorizationCodeGrant(config, posted, asked.checks);
    const askedToo = await ask(second, without);
    const tokensToo = await oidc.authorizationCodeGrant(second, await arrive(askedToo), askedToo.checks);

    const end = (more) => oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, state: 'over', ...more }).href;
    await page.goto(end({ post_logout_redirect_uri: `${site}/stranger` }));
    assert.equal(new URL(page.url()).origin, issuer, 'an address that is not registered is not gone to');
    assert.deepEqual([heard.back.length, heard.front.length], [0, 0]);

    await page.goto(end({ post_logout_redirect_uri: `${site}/bye` }));
    await page.waitForURL(`${site}/bye?state=over`, { timeout: 20_000 });
    const { sid, sub } = tokens.claims();
    await until('the front channel', () => heard.front.length);
    assert.deepEqual(heard.front.map((u) => Object.fromEntries(u.searchParams)), [{ iss: issuer, sid }]);
    const logoutTokens = await Promise.all(heard.back.map(async (r) => (await r.formData()).get('logout_token')));
    assert.equal(logoutTokens.length, 2);
    const read = (audience, key) => Promise.any(logoutTokens.map((token) => jwtVerify(token, key, { issuer, audience, typ: 'logout+jwt', maxTokenAge: '2m' })));
    const told = (await read(client.client_id, keySet)).payload;
    assert.deepEqual([told.sid, told.sub, told.events, told.nonce], [sid, sub, { [backchannel]: {} }, undefined]);
    const toldToo = await read(quiet.client_id, new TextEncoder().encode(quiet.client_secret));
    assert.deepEqual([toldToo.payload.sub, toldToo.protectedHeader.alg], [tokensToo.claims().sub, 'HS512']);
    assert.equal(decodeProtectedHeader(tokens.id_token).typ ?? 'JWT', 'JWT', 'an ID token does not pass for a logout token');

    await assert.rejects(oidc.fetchUserInfo(config, tokens.access_token, sub), (e) => e.cause?.[0]?.parameters?.error === 'invalid_token' || assert.fail(e));
    const silent = await ask(config, { scope: 'openid', prompt: 'none' });
    await page.goto(silent.url.href);
    await assert.rejects(oidc.authorizationCodeGrant(config, heard.callback.pop(), silent.checks), refusedWith('login_required'));
  });
}
