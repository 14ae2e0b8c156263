// One test for each vendor's guide: an app is made from its preset, the vendor gets the
// hand-over sheet and nothing else, its own site is set up with it on software that is not
// ours, a person signs in in a real browser and arrives with the profile that the guide
// demands; then the person is disabled, and access ends.
//
// The vendors' addresses are their own: Chromium resolves them to processes here.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRemoteJWKSet, importSPKI, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { fits, launch, signIn, visit } from './browser.js';
import * as admin from './guides/admin.js';
import { connect, plain, program, saml, site } from './guides/site.js';
import { freePort, stopAll } from './process.js';
import { start } from './product.js';
import { certificate } from './saml/services.js';

const password = 'difference engine no. 2';
const saml2 = 'urn:oasis:names:tc:SAML:2.0';
const emailAddress = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';
let office, folder, product, tls; // office is the admin's browser

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'cloudsso-e2e-guides-'));
  tls = certificate(folder, 'vendor');
  product = await start();
  office = await open({});
  await admin.settle(office.page, product);
  for (const name of ['Moderators', 'Authors', 'Heroes', 'Staff']) await product.create('groups', { name });
});

after(async () => {
  await office?.close();
  await stopAll();
  await product?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

// createFromPreset makes an app in the console, and returns its id and the vendor's copy of
// the hand-over sheet: the values under the vendor's own names.
async function createFromPreset(page, title, answers, settings) {
  const sent = await admin.connect(office.page, product, title, answers, settings);
  return { app: sent.app, sheet: await admin.receive(page, sent) };
}

// person adds somebody whom everybody's guide is content with.
let people = 0;
async function person() {
  const username = `ada${++people}`;
  const email = `${username}@example.com`;
  const attributes = { given_name: 'Ada', family_name: "O'Lovelace <& Söhne>", company: 'Analytical & Engines', title: 'Countess',
    picture: 'https://example.com/ada.jpg', employee_id: `E-00${people}`, df_access: ['team-a:admin', 'team-b:viewer'] };
  const { id } = await product.create('users', { username, password, email, groups: ['Moderators', 'Authors', 'Heroes', 'Staff'], attributes });
  return { id, username, email, attributes, disable: () => product.api('PATCH', `users/${id}`, { disabled: true }) };
}

// open is a browser for which hosts are at ports here. shown is what the vendor shows.
async function open(hosts) {
  const browser = await launch({ hosts });
  const { page } = await visit(browser, { ignoreHTTPSErrors: true });
  page.setDefaultTimeout(20_000);
  const shown = async (address) => {
    if (address) await page.goto(address);
    return JSON.parse(await page.textContent('body'));
  };
  // enter signs somebody in who comes to the vendor, and shows what the vendor heard.
  const enter = async (address, who) => {
    await page.goto(address);
    await signIn(page, who.username, password);
    await page.waitForURL((url) => !url.href.startsWith(product.issuer));
    return shown();
  };
  // refused: whoever comes back is asked again, and told that it is over.
  const refused = async (address, who) => {
    await page.goto(address);
    await page.waitForURL((url) => url.href.startsWith(product.issuer));
    await signIn(page, who.username, password);
    assert.equal((await page.textContent('#login-error')).trim(), 'This account is disabled. Please ask your administrator to enable it.');
  };
  // signsOut: the vendor sends people to an address of ours when they leave.
  const signsOut = async (address, entrance) => {
    await page.goto(address);
    await page.click('#logout-confirm');
    await page.getByText('You are signed out', { exact: true }).waitFor();
    await page.goto(entrance);
    await page.waitForSelector('#login-submit');
  };
  return { browser, page, shown, enter, refused, signsOut, close: () => browser.close() };
}

for (const [name, options] of [['wide', {}], ['narrow', { viewport: { width: 360, height: 740 } }]]) {
  test(`what a vendor gets holds up ${name}`, async () => {
    const { browser, close } = await open({});
    try {
      for (const [title, answers] of [
        ['InfoSum', { 'Callback/Redirect URL': 'https://auth.infosum.example/callback' }],
        ['Deepfactor (SAML)', { 'Host name of your Deepfactor portal': `${name}.deepfactor.app` }],
      ]) {
        const sent = await admin.connect(office.page, product, title, answers, title === 'InfoSum' ? undefined : { entity_id: `urn:deepfactor:${name}` });
        const { page, look } = await visit(browser, options);
        await admin.receive(page, sent, async (what) => {
          await look(`${title.split(' ')[0].toLowerCase()}-${what}-${name}`);
          assert.ok(await fits(page), `${what} scrolls sideways`);
        });
      }
    } finally {
      await close();
    }
  });
}

describe('Influitive: Configuring SAML Single Sign On', () => {
  const labels = { sso: 'SSO Endpoint URL or IdP Endpoint URL', slo: 'IdP SLO Target Url', sha256: 'SSO Fingerprint/Thumbprint', sha1: 'SSO Fingerprint/Thumbprint (SHA-1)' };
  const digests = { sha256: 'http://www.w3.org/2001/04/xmlenc#sha256', sha1: 'http://www.w3.org/2000/09/xmldsig#sha1' };
  const hubs = [
    { hub: 'yourhub', digest: 'sha256', entity: 'Influitive-AdvocateHub' },
    { hub: 'second', suffix: '-2', domain: 'advocates.example.com', digest: 'sha1', entity: 'Influitive-AdvocateHub-2' },
  ];
  for (const { hub, suffix, domain, digest, entity } of hubs) {
    test(`${entity} at ${domain ?? 'its own address'}, trusting us by our ${digest} fingerprint`, async () => {
      const [host, port, ada] = [domain ?? `${hub}.influitive.com`, await freePort(), await person()];
      const base = `https://${host}`;
      const { page, enter, refused, signsOut, close } = await open({ [host]: port });
      try {
        const { sheet } = await createFromPreset(page, 'Influitive AdvocateHub', { 'Hub name': hub, ...suffix && { 'SAML SP Issuer Suffix': suffix }, ...domain && { 'Custom domain': domain } });
        await saml(hub, folder, { port, base, entity_id: entity, ...tls, paths: { '/': 'login', '/profile': 'session', '/saml/consume': 'acs', '/saml/logout': 'logout', '/last': 'last' },
          idp: { idp_sso_service_url: sheet[labels.sso], idp_slo_service_url: sheet[labels.slo], idp_cert_fingerprint: sheet[labels[digest]], idp_cert_fingerprint_algorithm: digests[digest] } });

        const got = await enter(base, ada);
        assert.deepEqual([got.nameid, got.format, got.name_qualifier], [ada.email, emailAddress, entity], got.error);
        assert.deepEqual(got.attributes, { FirstName: ['Ada'], LastName: ["O'Lovelace <& Söhne>"], Email: [ada.email], Company: ['Analytical & Engines'], Title: ['Countess'] });
        await page.goto(`${base}/last`);
        const answer = await page.textContent('body');
        assert.match(answer, new RegExp(`<(\\w+:)?Audience>${entity}</`));
        for (const name of ['FirstName', 'LastName', 'Email']) {
          assert.match(answer, new RegExp(`<(\\w+:)?Attribute Name="${name}" NameFormat="${saml2}:attrname-format:basic"[^>]*><(\\w+:)?AttributeValue [^>]*xsi:type="xs:string"`));
        }
        const minute = /<(?:\w+:)?Conditions NotBefore="([^"]+)" NotOnOrAfter="([^"]+)"/.exec(answer);
        assert.ok(Date.parse(minute[2]) - Date.now() <= 60_000, minute[0]);

        await page.goto(base); // who is signed in is not asked again
        assert.equal(new URL(page.url()).host, host);
        await signsOut(`${base}/saml/logout`, base);
        await enter(base, ada);
        await ada.disable();
        await refused(base, ada);
      } finally {
        await close();
      }
    });
  }

  test('a hub that has another fingerprint lets nobody in', async () => {
    const [host, port, ada] = ['third.influitive.com', await freePort(), await person()];
    const { page, enter, close } = await open({ [host]: port });
    try {
      const { sheet } = await createFromPreset(page, 'Influitive AdvocateHub', { 'Hub name': 'third', 'SAML SP Issuer Suffix': '-3' });
      const wrong = sheet[labels.sha256].replace(/^../, (first) => (first === '00' ? '01' : '00'));
      await saml('third', folder, { port, base: `https://${host}`, entity_id: 'Influitive-AdvocateHub-3', ...tls, paths: { '/': 'login', '/profile': 'session', '/saml/consume': 'acs' },
        idp: { idp_sso_service_url: sheet[labels.sso], idp_cert_fingerprint: wrong, idp_cert_fingerprint_algorithm: digests.sha256 } });
      assert.match((await enter(`https://${host}`, ada)).error, /Invalid Signature on SAML Response/);
    } finally {
      await close();
    }
  });
});

describe('InfoSum: SSO FAQs', () => {
  let binary;
  before(() => {
    binary = path.join(folder, 'infosum');
    execFileSync('go', ['build', '-o', binary, './deploy/e2e/guides'], { cwd: fileURLToPath(new URL('../..', import.meta.url)), stdio: 'pipe' });
  });
  for (const [primary, more] of [['email', {}], ['GlobalID', { 'Directory attribute for GlobalID': 'employee_id' }]]) {
    test(`people are told apart by ${primary}`, async () => {
      const [host, port, ada] = [`${primary.toLowerCase()}.infosum.example`, await freePort(), await person()];
      const [callback, login] = [`https://${host}/oidc/callback`, `https://${host}/login`];
      const { page, shown, enter, refused, close } = await open({ [host]: port });
      try {
        const { sheet } = await createFromPreset(page, 'InfoSum', { 'Callback/Redirect URL': callback, 'Login URL': login, ...more });
        await program(`infosum-${primary}`, binary, [], folder, { port, ...tls, callback, primary,
          client_id: sheet['Client ID'], client_secret: sheet['Client Secret'], discovery_uri: sheet['OIDC Discovery URI'] });

        const got = await enter(login, ada);
        assert.equal(got.account, primary === 'email' ? ada.email : ada.attributes.employee_id, JSON.stringify(got));
        assert.equal(got.id_token.email, ada.email);
        assert.equal(got.refreshable, true);
        assert.deepEqual((await shown(`https://${host}/renew`)), { fresh: true, sub: got.id_token.sub, email: ada.email });
        assert.equal((await shown(login)).account, got.account); // who is signed in is not asked again
        await shown(`https://${host}/renew`);

        await ada.disable();
        assert.equal((await shown(`https://${host}/renew`)).error, 'invalid_grant');
        await refused(login, ada);

        const grace = await person(); // whom InfoSum could not write to
        await product.api('PATCH', `users/${grace.id}`, { email: null });
        assert.deepEqual(await enter(login, grace), { error: 'access_denied', description: "The person's account has no value for a claim that this application requires." });
      } finally {
        await close();
      }
    });
  }
});

describe('inSided: Single Sign-on (SSO), Getting Started', () => {
  const [host, customer, roles] = ['sso.api.insided.com', 'acme-en', 'Moderators=1\nAuthors=2\nHeroes=3'];
  const entrance = (scheme) => `https://${host}/auth/${scheme}?customer=${customer}`;
  const profileOf = (ada) => ({ email: ada.email, username: ada.username, avatar: ada.attributes.picture, customRoles: '1,2,3' });
  // The community compares ids without regard to case.
  const known = ({ id, email, username, avatar, customRoles }) => {
    assert.ok(id, 'Authentication failed');
    assert.equal(id, id.toLowerCase());
    return { email, username, avatar, customRoles };
  };

  test('openidconnect: sub is the id, the profile comes from userinfo', async () => {
    const [port, ada, callback] = [await freePort(), await person(), `https://${host}/auth/openidconnect/return`];
    const { page, shown, enter, refused, signsOut, close } = await open({ [host]: port });
    let community;
    try {
      const { sheet } = await createFromPreset(page, 'Gainsight Customer Communities, inSided (OpenID Connect)', { 'Customer ID': customer, 'Redirect URL': callback, 'Custom roles': roles });
      const config = new oidc.Configuration({ issuer: sheet.Issuer, authorization_endpoint: sheet['Authorization URL'], token_endpoint: sheet['Token URL'],
        userinfo_endpoint: sheet['User Info URL'], jwks_uri: sheet['JWKS URL'] }, sheet['Client ID'], {}, oidc.ClientSecretPost(sheet['Client secret']));
      oidc.allowInsecureRequests(config);
      oidc.enableNonRepudiationChecks(config);
      const rp = connect(config, { callback, scope: sheet.Scope });
      const profile = ({ idToken, userinfo }) => ({ ...userinfo, id: idToken.sub });
      community = await site(tls, port, { '/auth/openidconnect': rp.start, '/auth/openidconnect/return': async (url) => profile(await rp.finish(url)),
        '/me': rp.userinfo, '/leave': () => new URL(sheet['Logout URL']) });

      assert.deepEqual(known(await enter(entrance('openidconnect'), ada)), profileOf(ada));
      assert.equal((await shown(entrance('openidconnect'))).email, ada.email); // who is signed in is not asked again
      await signsOut(`https://${host}/leave`, entrance('openidconnect'));
      await enter(entrance('openidconnect'), ada);
      await ada.disable();
      assert.equal((await shown(`https://${host}/me`)).status, 401);
      await refused(entrance('openidconnect'), ada);
    } finally {
      await community?.stop();
      await close();
    }
  });

  test('oauth2: the profile is asked for with the token in the address, or in the header once the box is ticked', async () => {
    const [port, ada, callback] = [await freePort(), await person(), `https://${host}/auth/oauth2/return`];
    const { page, shown, enter, refused, signsOut, close } = await open({ [host]: port });
    let community;
    try {
      const { app, sheet } = await createFromPreset(page, 'Gainsight Customer Communities, inSided (OAuth 2)', { 'Customer ID': customer, 'Redirect URL': callback, 'Custom roles': roles });
      const control = { authorization: sheet['Authorization URL'], token: sheet['Access Token URL'], userinfo: sheet['User Info URL'], id: sheet['Client ID'], secret: sheet['Client secret'], scope: sheet.Scope, callback };
      let rp = plain(control);
      community = await site(tls, port, { '/auth/oauth2': () => rp.start(), '/auth/oauth2/return': (url) => rp.finish(url), '/me': () => rp.userinfo(), '/leave': () => new URL(sheet['Logout URL']) });

      assert.deepEqual(known(await enter(entrance('oauth2'), ada)), profileOf(ada));
      await signsOut(`https://${host}/leave`, entrance('oauth2'));
      await enter(entrance('oauth2'), ada);

      assert.match(sheet['Pass token in Authorization Bearer'], /^On\. Then set allow_access_token_in_query to false here/);
      await product.api('PATCH', `clients/${app}`, { allow_access_token_in_query: false });
      assert.equal((await shown(`https://${host}/me`)).error, 'invalid_request');
      rp = plain({ ...control, bearer: true });
      assert.deepEqual(known(await shown(entrance('oauth2'))), profileOf(ada));

      await ada.disable();
      assert.equal((await shown(`https://${host}/me`)).status, 401);
      await refused(entrance('oauth2'), ada);
    } finally {
      await community?.stop();
      await close();
    }
  });

  test('saml: the NameID is the id, the same each time', async () => {
    const [port, ada, base] = [await freePort(), await person(), `https://${host}`];
    const [entity_id, acs] = [`${base}/auth/saml/${customer}`, `${base}/auth/saml/return?customer=${customer}`];
    const metadata = `<md:EntityDescriptor entityID="${entity_id}" xmlns:md="${saml2}:metadata"><md:SPSSODescriptor protocolSupportEnumeration="${saml2}:protocol">` +
      `<md:AssertionConsumerService Binding="${saml2}:bindings:HTTP-POST" Location="${acs}" index="0"/></md:SPSSODescriptor></md:EntityDescriptor>`;
    const { page, enter, refused, signsOut, close } = await open({ [host]: port });
    try {
      const { sheet } = await createFromPreset(page, 'Gainsight Customer Communities, inSided (SAML)', { 'SP metadata': metadata, 'Customer ID': customer, 'Custom roles': roles });
      await saml('insided', folder, { port, base, entity_id, acs, ...tls, paths: { '/auth/saml': 'login', '/me': 'session', '/auth/saml/return': 'acs' },
        idp: { idp_entity_id: sheet['Entity ID'], idp_sso_service_url: sheet['SSO URL'], idp_cert: sheet['X.509 certificate'] } });
      const profile = ({ nameid, attributes, error }) => {
        assert.ok(attributes, error);
        return { id: nameid, ...Object.fromEntries(Object.entries(attributes).map(([name, values]) => [name, values.join()])) };
      };
      const first = profile(await enter(entrance('saml'), ada));
      assert.deepEqual(known(first), profileOf(ada));
      await signsOut(sheet['Logout URL'], entrance('saml'));
      assert.deepEqual(profile(await enter(entrance('saml'), ada)), first);
      await ada.disable();
      await refused(entrance('saml'), ada);
    } finally {
      await close();
    }
  });

  test('token: a signed token comes back beside the customer, and holds the profile', async () => {
    const [port, ada] = [await freePort(), await person()];
    const { page, shown, enter, refused, signsOut, close } = await open({ [host]: port });
    let community;
    try {
      const { sheet } = await createFromPreset(page, 'Gainsight Customer Communities, inSided (token, JWT)', { 'Customer ID': customer, 'Custom roles': roles });
      assert.equal(sheet['Return URL'], `https://${host}/auth/token/return?customer=${customer}`);
      const key = await importSPKI(sheet['Public Key'], sheet.Algorithm);
      const heard = async ({ searchParams }) => {
        assert.equal(searchParams.get('customer'), customer);
        return (await jwtVerify(searchParams.get('token'), key, { algorithms: [sheet.Algorithm], requiredClaims: ['iat', 'exp'], maxTokenAge: 120 })).payload;
      };
      community = await site(tls, port, { '/auth/token': () => new URL(sheet['Login URL']), '/auth/token/return': heard, '/leave': () => new URL(sheet['Logout URL']) });

      assert.deepEqual(known(await enter(entrance('token'), ada)), profileOf(ada));
      assert.equal((await shown(entrance('token'))).email, ada.email); // who is signed in is not asked again
      await signsOut(`https://${host}/leave`, entrance('token'));
      await enter(entrance('token'), ada);
      await ada.disable();
      await refused(entrance('token'), ada);
    } finally {
      await community?.stop();
      await close();
    }
  });
});

describe('Deepfactor: Single sign-on', () => {
  const host = 'acme.deepfactor.app';
  const base = `https://${host}`;

  // One app, set up there in both ways: the entity ID is always the same.
  test('SAML: by our metadata URL, and by certificate, entity ID and sign-in URL', async () => {
    const [port, other, ada] = [await freePort(), await freePort(), await person()];
    const paths = { '/login': 'login', '/': 'session', '/api/auth/v1/saml/acs': 'acs' };
    const deepfactor = { base, entity_id: 'urn:deepfactor:saml', ...tls, paths };
    const expected = { first_name: ['Ada'], last_name: ["O'Lovelace <& Söhne>"], email: [ada.email], df_access: ada.attributes.df_access };
    const byMetadata = await open({ [host]: port });
    const byHand = await open({ [host]: other });
    try {
      const { sheet } = await createFromPreset(byMetadata.page, 'Deepfactor (SAML)', { 'Host name of your Deepfactor portal': host, 'Directory attribute for df_access': 'df_access' });
      await saml('deepfactor-metadata', folder, { port, ...deepfactor, idp_metadata_url: sheet['Metadata URL'] });
      assert.match(sheet['Protocol Binding'], /POST or REDIRECT/);
      await saml('deepfactor-hand', folder, { port: other, ...deepfactor, binding: 'post',
        idp: { idp_cert: sheet['Signing Certificate'], idp_entity_id: sheet['Entity Id'], idp_sso_service_url: sheet['Sign In URL'] } });
      for (const { enter } of [byMetadata, byHand]) {
        const got = await enter(`${base}/login`, ada);
        assert.deepEqual(got.attributes, expected, got.error);
        assert.deepEqual([got.nameid, got.format], [ada.email, emailAddress]);
      }
      await ada.disable();
      for (const { refused } of [byMetadata, byHand]) await refused(`${base}/login`, ada);
    } finally {
      await byMetadata.close();
      await byHand.close();
    }
  });

  const callback = `${base}/oidc/authorization-code/callback`;
  const ways = {
    'its metadata URL': async (sheet) => {
      const config = await oidc.discovery(new URL(sheet['Metadata URL']), sheet['Client Id'], {}, oidc.ClientSecretBasic(sheet['Client Secret']), { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] });
      const rp = connect(config, { callback, scope: 'openid profile email' });
      return { ...rp, finish: async (url) => (await rp.finish(url)).idToken };
    },
    'three endpoints': (sheet) => plain({ authorization: sheet['Authorization endpoint'], token: sheet['Token endpoint'], userinfo: sheet['User info endpoint'],
      id: sheet['Client Id'], secret: sheet['Client Secret'], scope: 'openid profile email', callback, basic: true, bearer: true }),
  };
  for (const [name, configure] of Object.entries(ways)) {
    test(`OpenID Connect: by ${name}`, async () => {
      const [port, ada] = [await freePort(), await person()];
      const { page, shown, enter, refused, close } = await open({ [host]: port });
      let portal;
      try {
        const { sheet } = await createFromPreset(page, 'Deepfactor (OpenID Connect)', { 'Host name of your Deepfactor portal': host, 'Directory attribute for df_access': 'df_access' });
        const rp = await configure(sheet);
        portal = await site(tls, port, { '/login': rp.start, '/oidc/authorization-code/callback': rp.finish, '/me': rp.userinfo, '/active': rp.introspect });
        const { given_name, family_name, email, df_access } = await enter(`${base}/login`, ada);
        assert.deepEqual({ given_name, family_name, email, df_access }, { given_name: 'Ada', family_name: "O'Lovelace <& Söhne>", email: ada.email, df_access: ada.attributes.df_access });
        assert.equal((await shown(`${base}/me`)).email, ada.email);
        if (rp.introspect) assert.equal((await shown(`${base}/active`)).active, true);
        await ada.disable();
        if (rp.introspect) assert.deepEqual(await shown(`${base}/active`), { active: false });
        assert.equal((await shown(`${base}/me`)).status, 401);
        await refused(`${base}/login`, ada);
      } finally {
        await portal?.stop();
        await close();
      }
    });
  }
});

describe('Cloud SSO: Technical Implementation Specifications', () => {
  const host = 'wiki.example';
  const algorithms = ['HS512', 'RS256', 'RS512', 'ES256', 'PS256'];
  test(`a web app whose ID tokens are signed with ${algorithms.join(', ')}`, async () => {
    const [port, ada] = [await freePort(), await person()];
    const { page, shown, enter, close } = await open({ [host]: port });
    const paths = {};
    const wiki = await site(tls, port, paths);
    try {
      for (const alg of algorithms) {
        const callback = `https://${host}/${alg}/callback`;
        const { sheet } = await createFromPreset(page, 'Web app (OpenID Connect)', { Name: `Wiki ${alg}`, 'Redirect URIs': callback }, { id_token_signed_response_alg: alg, first_party: true });
        const config = await oidc.discovery(new URL(sheet['Discovery URL']), sheet['Client ID'], { id_token_signed_response_alg: alg }, oidc.ClientSecretBasic(sheet['Client secret']), { execute: [oidc.allowInsecureRequests] });
        const rp = connect(config, { callback, scope: 'openid profile email', pkce: true });
        Object.assign(paths, { [`/${alg}/login`]: rp.start, [`/${alg}/callback`]: rp.finish });
        const login = `https://${host}/${alg}/login`;
        const { raw, userinfo, error } = alg === algorithms[0] ? await enter(login, ada) : await shown(login);
        assert.equal(userinfo?.email, ada.email, error);
        const published = (await (await fetch(sheet['JWKS URL'])).json()).keys.filter((k) => k.kty === 'oct');
        const key = alg === 'HS512' ? new TextEncoder().encode(sheet['Client secret']) : createRemoteJWKSet(new URL(sheet['JWKS URL']));
        await jwtVerify(raw, key, { algorithms: [alg], issuer: sheet.Issuer, audience: sheet['Client ID'] });
        assert.deepEqual(published, [{ kty: 'oct', use: 'sig', alg: 'HS512', k: 'AA' }]); // which is no key: the secret is
        if (alg === 'HS512') await assert.rejects(jwtVerify(raw, Buffer.from('AA', 'base64url')), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });
      }
    } finally {
      await wiki.stop();
      await close();
    }
  });
});
