// A vendor's site, played here: TLS on loopback under the vendor's own name, set up by what
// its admin typed into its form, and by nothing else.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as oidc from 'openid-client';
import * as processes from '../process.js';

// program is a site that is a process of its own; settings.port is where it listens.
export async function program(name, command, args, folder, settings) {
  const config = path.join(folder, `${name}.json`);
  writeFileSync(config, JSON.stringify(settings));
  const server = processes.start(command, [...args, config]);
  await processes.until(`${name} starts`, () => processes.listens(settings.port), server);
  return server;
}

// saml is a site with SAML by ruby-saml.
export const saml = (name, folder, settings) =>
  program(name, '/usr/bin/ruby', [fileURLToPath(new URL('rubysaml_vendor.rb', import.meta.url))], folder, settings);

// site answers by paths: each gets the address, and returns the one that comes next or what
// to show. One visitor at a time.
export async function site(tls, port, paths) {
  const server = createServer({ key: readFileSync(tls.key), cert: readFileSync(tls.certificate) }, async (request, response) => {
    const url = new URL(request.url, `https://${request.headers.host}`);
    try {
      assert.ok(paths[url.pathname], `no such page: ${url.pathname}`);
      const next = await paths[url.pathname](url);
      if (next instanceof URL) return response.writeHead(303, { Location: next.href }).end();
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify(next));
    } catch (e) {
      response.writeHead(403, { 'Content-Type': 'application/json' }).end(JSON.stringify({ error: e.error ?? e.message, status: e.status }));
    }
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { stop: () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }) };
}

// connect is OpenID Connect by openid-client: start says where to send somebody, finish
// takes the answer and returns the ID token, its claims and what userinfo says.
export function connect(config, { callback, scope, pkce = false }) {
  let checks, tokens;
  return {
    async start() {
      checks = { expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce(), idTokenExpected: true, ...pkce && { pkceCodeVerifier: oidc.randomPKCECodeVerifier() } };
      const challenge = pkce && { code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier), code_challenge_method: 'S256' };
      return oidc.buildAuthorizationUrl(config, { redirect_uri: callback, scope, state: checks.expectedState, nonce: checks.expectedNonce, ...challenge });
    },
    async finish(url) {
      tokens = await oidc.authorizationCodeGrant(config, url, checks);
      return { raw: tokens.id_token, idToken: tokens.claims(), userinfo: await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub) };
    },
    userinfo: () => oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub),
    introspect: () => oidc.tokenIntrospection(config, tokens.access_token),
  };
}

async function json(answer) {
  const text = await answer.text();
  const doc = text.startsWith('{') ? JSON.parse(text) : {};
  if (!answer.ok) throw Object.assign(new Error(doc.error ?? answer.statusText), { status: answer.status });
  return doc;
}

// plain is OAuth 2 and nothing more, written out: three addresses, an id and a secret. The
// profile is asked for with the token in the address, or in the header if bearer is set.
export function plain({ authorization, token, userinfo, id, secret, scope, callback, basic = false, bearer = false }) {
  let state, access;
  const profile = () => {
    const url = new URL(userinfo);
    if (!bearer) url.searchParams.set('access_token', access);
    return fetch(url, { headers: bearer ? { Authorization: `Bearer ${access}` } : {} }).then(json);
  };
  return {
    start() {
      state = oidc.randomState();
      const url = new URL(authorization);
      for (const [name, value] of Object.entries({ response_type: 'code', client_id: id, redirect_uri: callback, scope, state })) url.searchParams.set(name, value);
      return url;
    },
    async finish(url) {
      const q = url.searchParams;
      if (q.get('error')) throw new Error(q.get('error'));
      assert.equal(q.get('state'), state, 'state');
      const who = basic ? {} : { client_id: id, client_secret: secret };
      const headers = basic ? { Authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}` } : {};
      const body = new URLSearchParams({ grant_type: 'authorization_code', code: q.get('code'), redirect_uri: callback, ...who });
      ({ access_token: access } = await json(await fetch(token, { method: 'POST', headers, body })));
      return profile();
    },
    userinfo: profile,
  };
}
