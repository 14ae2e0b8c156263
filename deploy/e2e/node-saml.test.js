// node-saml, the library of many Node applications, as a service provider of the product: the
// second stack beside Shibboleth that is told of a logout with the NameID encrypted.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { SAML } from '@node-saml/node-saml';
import { Agent, forms } from './saml/agent.js';
import { listen } from './process.js';
import { start } from './product.js';
import { certificate, person } from './saml/services.js';

let folder, product, server, base, saml;
const sessions = new Map(); // SessionIndex → what the application heard
const told = []; // by LogoutRequests

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'cloudsso-e2e-node-saml-'));
  product = await start({ settings: ['limits: {enabled: false}'] });
  await product.create('users', person);
  server = createServer((request, response) => serve(request, response).catch((error) => {
    response.writeHead(403).end(String(error.stack));
  }));
  base = `http://127.0.0.1:${await listen(server)}`;
  const own = certificate(folder, 'node-saml');
  const [key, cert] = [readFileSync(own.key, 'utf8'), readFileSync(own.certificate, 'utf8')];
  saml = new SAML({
    issuer: base, callbackUrl: `${base}/acs`, logoutCallbackUrl: `${base}/slo`, entryPoint: `${product.issuer}/saml/sso`, logoutUrl: `${product.issuer}/saml/slo`,
    idpIssuer: `${product.issuer}/saml/metadata`, audience: base, identifierFormat: null, disableRequestedAuthnContext: true,
    idpCert: await certificates(), privateKey: key, decryptionPvk: key, signatureAlgorithm: 'sha256', digestAlgorithm: 'sha256',
    wantAssertionsSigned: false, wantAuthnResponseSigned: true, validateInResponseTo: 'always',
  });
  // It says that it takes logout by POST alone; it can do redirects too.
  const byPost = /<SingleLogoutService [^>]*HTTP-POST[^>]*\/>/;
  const metadata_xml = saml.generateServiceProviderMetadata(cert, cert).replace(byPost, (e) => e + e.replace('HTTP-POST', 'HTTP-Redirect'));
  assert.match(metadata_xml, /<SingleLogoutService [^>]*HTTP-Redirect/);
  await product.create('service-providers', { app: 'node-saml', name: 'node-saml', metadata_xml });
});

after(async () => {
  await product?.stop();
  server?.closeAllConnections();
  server?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

// certificates are those that our metadata shows for signing.
async function certificates() {
  const metadata = await (await fetch(`${product.issuer}/saml/metadata`)).text();
  return [...metadata.matchAll(/use="signing">.*?<ds:X509Certificate>([^<]+)</g)].map((m) => m[1]);
}

async function serve(request, response) {
  const url = new URL(request.url, base);
  let body = '';
  for await (const chunk of request) body += chunk;
  const form = Object.fromEntries(new URLSearchParams(body || url.search));
  const go = (to) => response.writeHead(303, { location: to }).end();
  switch (url.pathname) {
    case '/login':
      return go(await saml.getAuthorizeUrlAsync('', undefined, {}));
    case '/acs': {
      const { profile } = await saml.validatePostResponseAsync(form);
      sessions.set(profile.sessionIndex, profile);
      return response.end(JSON.stringify(profile));
    }
    case '/slo': {
      const { profile } = body ? await saml.validatePostRequestAsync(form) : await saml.validateRedirectAsync(form, url.search.slice(1));
      told.push(profile);
      assert.ok(sessions.delete(profile.sessionIndex), 'the session is known');
      return go(await saml.getLogoutResponseUrlAsync(profile, form.RelayState ?? '', {}, true));
    }
  }
  return response.writeHead(404).end();
}

async function signIn(agent) {
  let page = await agent.go(`${base}/login`);
  const form = forms(page.text).find((f) => 'password' in f.fields);
  assert.ok(form, page.text);
  page = await agent.go(new URL(form.action, page.url).href, { ...form.fields, username: person.username, password: person.password });
  assert.equal(page.status, 200, page.text);
  return JSON.parse(page.text);
}

async function signOut(agent) {
  const page = await agent.go(`${product.issuer}/logout`);
  const form = forms(page.text).find((f) => f.fields.token);
  return agent.go(new URL(form.action, page.url).href, form.fields);
}

test('an encrypted assertion', async () => {
  await product.api('PATCH', 'service-providers/node-saml', { encrypt: 'required', nameid: { format: 'emailAddress' } });
  const agent = new Agent();
  const profile = await signIn(agent);
  assert.equal(profile.nameID, person.email);
  assert.equal(profile['urn:oid:2.5.4.4'], person.attributes.family_name);
  assert.match(Buffer.from(agent.sent.at(-1).value, 'base64').toString(), /EncryptedAssertion/);
  await product.api('PATCH', 'service-providers/node-saml', { encrypt: 'never' });
});

for (const binding of ['redirect', 'post']) {
  test(`sign-out that starts here, told by ${binding}, with the NameID encrypted`, async () => {
    await product.api('PATCH', 'service-providers/node-saml', { slo_binding: binding, nameid: { format: 'emailAddress', encrypt: true } });
    const agent = new Agent();
    const { sessionIndex } = await signIn(agent);
    const page = await signOut(agent);
    assert.match(page.text, /: <span class="told">signed out<\/span>/, `${page.text} ${product.log().slice(-2000)}`);
    const heard = told.at(-1);
    assert.deepEqual([heard.nameID, heard.sessionIndex, sessions.has(sessionIndex)], [person.email, sessionIndex, false]);
    const sent = agent.sent.find((m) => m.name === 'SAMLRequest' && m.to.startsWith(`${base}/slo`));
    assert.ok(sent, 'it went through the browser');
    const raw = Buffer.from(sent.value, 'base64');
    assert.match((binding === 'post' ? raw : inflateRawSync(raw)).toString(), /<saml:EncryptedID/);
  });
}
