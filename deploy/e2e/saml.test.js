// Real service providers against the product: Shibboleth, pysaml2 and ruby-saml, each as it
// comes from Debian, each in a process of its own, registered by the metadata that it makes itself.
// A browser without script drives them, and Chromium where cookies across sites matter.
//
// What we send, and who takes it here:
//   Response (signed outside, inside, both), a refusal, EncryptedAssertion, EncryptedID, metadata: all three
//   LogoutRequest and LogoutResponse by Redirect: all three; by POST and SOAP: Shibboleth and pysaml2
//   LogoutRequest with an EncryptedID: Shibboleth, and node-saml (node-saml.test.js)
import { test, before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { launch, signIn as fillIn } from './browser.js';
import { stopAll } from './process.js';
import { start } from './product.js';
import { Agent, forms } from './saml/agent.js';
import { certificate, person, stacks, startStack, swapCertificates } from './saml/services.js';

const nameIDs = {
  persistent: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
  transient: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
  emailAddress: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
  unspecified: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
};
const oid = { mail: 'urn:oid:0.9.2342.19200300.100.1.3', givenName: 'urn:oid:2.5.4.42', sn: 'urn:oid:2.5.4.4' };

let folder, product, metadata, strangerPEM;
const services = [];
const registered = new Map(); // app → the metadata that it was registered with

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'cloudsso-e2e-saml-'));
  product = await start({ settings: ['limits: {enabled: false}'] });
  metadata = `${product.issuer}/saml/metadata`;
  await product.create('users', person);
  strangerPEM = readFileSync(certificate(folder, 'stranger').certificate, 'utf8');
  // An app that wants ECDSA: from then on our metadata shows two certificates, as it does in a rollover.
  await product.create('service-providers', { entity_id: 'urn:example:elliptic', acs: [{ location: 'http://127.0.0.1:9/acs' }], signature_algorithm: 'ecdsa-sha256' });
  const idpMetadata = await (await fetch(metadata)).text();
  services.push(...await Promise.all(stacks.map((s) => startStack(s, folder, product, idpMetadata, strangerPEM))));
  for (const s of services) {
    for (const [name, base] of Object.entries(s.app)) {
      const answer = await fetch(s.metadata(base), { signal: AbortSignal.timeout(20_000) });
      const metadata_xml = await answer.text();
      assert.equal(answer.status, 200, metadata_xml);
      const app = slug(s, name);
      registered.set(app, metadata_xml);
      const made = await product.create('service-providers', { app, name: `${s.name} ${name}`, metadata_xml });
      assert.equal(made.entity_id, base);
      assert.equal(made.signs_requests, name === 'signed', `${app}: AuthnRequestsSigned`);
    }
  }
});

after(async () => {
  await product?.stop();
  await stopAll();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const slug = (s, name) => `${s.name.replace(/\W/g, '').toLowerCase()}-${name}`;

// policy changes what an admin decides for an app, runs, and puts it back.
async function policy(app, change, run) {
  await product.api('PATCH', `service-providers/${app}`, change);
  try {
    return await run();
  } finally {
    await product.api('PUT', `service-providers/${app}`, { app, name: app, metadata_xml: registered.get(app) });
  }
}

const asksPassword = (page) => page.html && forms(page.text).some((f) => 'password' in f.fields);

async function password(agent, page) {
  assert.ok(asksPassword(page), `a login form, not ${page.url}: ${page.text}`);
  const form = forms(page.text).find((f) => 'password' in f.fields);
  return agent.go(new URL(form.action, page.url).href, { ...form.fields, username: person.username, password: person.password });
}

// signIn goes from the application through our login, and returns what the application heard.
async function signIn(s, base, agent, wishes) {
  const page = await agent.go(s.login(base, wishes));
  return heard(s, asksPassword(page) ? await password(agent, page) : page);
}

function heard(s, page) {
  try {
    return s.read(page.text);
  } catch {
    assert.fail(`${page.url} ${page.status}: ${page.text}\n${s.log().slice(-3000)}`);
  }
}

function accepted(s, got) {
  assert.ok(got.nameid, `not signed in at ${s.name}: ${JSON.stringify(got)}\n${got.nameid ? '' : s.log().slice(-4000)}`);
  assert.deepEqual(got.attributes[oid.mail], [person.email]);
  assert.deepEqual(got.attributes[oid.sn], [person.attributes.family_name]);
  return got;
}

const signedIn = async (s, base, agent) => Boolean(heard(s, await agent.go(s.session(base))).nameid);

// signOut signs out at the product itself, on its own page.
async function signOut(agent) {
  const page = await agent.go(`${product.issuer}/logout`);
  const form = forms(page.text).find((f) => f.fields.token);
  assert.ok(form, page.text);
  return agent.go(new URL(form.action, page.url).href, form.fields);
}

async function signedOutHere(agent, s) {
  assert.ok(asksPassword(await agent.go(s.login(s.app.plain))), 'our own session has ended');
}

for (const [i, { name }] of stacks.entries()) {
  describe(name, () => {
    let s;
    before(() => { s = services[i]; });

    for (const app of ['plain', 'signed']) {
      for (const binding of ['redirect', 'post']) {
        test(`sign-in: ${app === 'signed' ? 'signed' : 'unsigned'} request by ${binding}; the attributes arrive`, async () => {
          const agent = new Agent();
          const got = accepted(s, await signIn(s, s.app[app], agent, { binding }));
          assert.equal(got.class, 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport');
          assert.deepEqual(agent.sent.map((m) => m.name), ['SAMLRequest', 'SAMLResponse']);
        });
      }
    }

    test('NameID persistent: always the same here, another elsewhere, qualified', async () => {
      const wishes = { format: nameIDs.persistent };
      const [one, two, other] = [await signIn(s, s.app.plain, new Agent(), wishes), await signIn(s, s.app.plain, new Agent(), wishes), await signIn(s, s.app.signed, new Agent(), wishes)];
      assert.equal(accepted(s, one).format, nameIDs.persistent);
      assert.equal(one.nameid, two.nameid);
      assert.notEqual(one.nameid, accepted(s, other).nameid);
      assert.equal(one.name_qualifier, metadata);
      assert.equal(one.sp_name_qualifier, s.app.plain);
    });

    test('NameID transient: another one each time', async () => {
      const [one, two] = [await signIn(s, s.app.plain, new Agent(), { format: nameIDs.transient }), await signIn(s, s.app.plain, new Agent(), { format: nameIDs.transient })];
      assert.equal(accepted(s, one).format, nameIDs.transient);
      assert.notEqual(one.nameid, accepted(s, two).nameid);
    });

    test('NameID emailAddress, asked for by the request', async () => {
      const got = accepted(s, await signIn(s, s.app.plain, new Agent(), { format: nameIDs.emailAddress }));
      assert.deepEqual([got.format, got.nameid], [nameIDs.emailAddress, person.email]);
    });

    test('NameID unspecified, chosen by the admin', () => policy(slug(s, 'plain'), { nameid: { format: 'unspecified', from: 'username' } }, async () => {
      const got = accepted(s, await signIn(s, s.app.plain, new Agent(), { format: nameIDs.unspecified }));
      assert.deepEqual([got.format, got.nameid], [nameIDs.unspecified, person.username]);
    }));

    test('a NameID that nobody can make: the application hears why', async () => {
      const got = await signIn(s, s.app.plain, new Agent(), { format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos' });
      assert.match(got.error, /InvalidNameIDPolicy|NameID of the format/);
    });

    const policies = [{ sign: 'assertion' }, { sign: 'both' }, { signature_algorithm: 'rsa-sha512' }, { omit_certificate: true }, { canonicalization: 'inclusive' },
      { audiences: ['urn:example:another'], session_lifetime: 3600, attribute_type: 'none', lifetime: 600 }];
    if (name !== 'Shibboleth') policies.push({ one_time_use: true, proxy_restriction: { count: 0 } }); // which its own security policy refuses
    if (name !== 'ruby-saml') policies.push({ signature_algorithm: 'ecdsa-sha256' }); // which knows RSA only
    for (const change of policies) {
      test(`answers with ${JSON.stringify(change)}`, () => policy(slug(s, 'plain'), change, async () => {
        accepted(s, await signIn(s, s.app.plain, new Agent()));
      }));
    }

    for (const encryption_algorithm of ['aes128-gcm', 'aes256-gcm', 'aes128-cbc', 'aes256-cbc']) {
      test(`encrypted assertion, ${encryption_algorithm}`, () => policy(slug(s, 'signed'), { encrypt: 'required', encryption_algorithm }, async () => {
        const agent = new Agent();
        accepted(s, await signIn(s, s.app.signed, agent));
        assert.match(Buffer.from(agent.sent.at(-1).value, 'base64').toString(), /EncryptedAssertion/);
      }));
    }

    test('encrypted assertion that is signed inside as well', () => policy(slug(s, 'signed'), { encrypt: 'required', sign: 'both' }, async () => {
      accepted(s, await signIn(s, s.app.signed, new Agent()));
    }));

    test('encrypted NameID', () => policy(slug(s, 'signed'), { nameid: { format: 'persistent', encrypt: true } }, async () => {
      const agent = new Agent();
      assert.equal(accepted(s, await signIn(s, s.app.signed, agent)).format, nameIDs.persistent);
      assert.match(Buffer.from(agent.sent.at(-1).value, 'base64').toString(), /EncryptedID/);
    }));

    test('ForceAuthn: the password is asked for again, and the time of sign-in is new', async () => {
      const agent = new Agent();
      const first = accepted(s, await signIn(s, s.app.plain, agent));
      const silent = await agent.go(s.login(s.app.plain));
      assert.equal(accepted(s, heard(s, silent)).instant, first.instant, 'without it, nobody is asked');
      await new Promise((r) => setTimeout(r, 1100)); // AuthnInstant is told in whole seconds by some
      const page = await agent.go(s.login(s.app.plain, { force: '1' }));
      assert.ok(asksPassword(page), page.text);
      const second = accepted(s, heard(s, await password(agent, page)));
      assert.ok(Date.parse(second.instant) > Date.parse(first.instant), `${second.instant} after ${first.instant}`);
    });

    test('IsPassive: nothing is shown; the application hears NoPassive, or who is there', async () => {
      const agent = new Agent();
      const nobody = await agent.go(s.login(s.app.signed, { passive: '1' }));
      assert.match(heard(s, nobody).error, /NoPassive|cannot be signed in without|passive/i);
      accepted(s, await signIn(s, s.app.plain, agent));
      accepted(s, heard(s, await agent.go(s.login(s.app.signed, { passive: '1' }))));
    });

    test('a sign-in that starts here: refused, until an admin allows it', async () => {
      const [agent, app] = [new Agent(), slug(s, 'plain')];
      const link = `${product.issuer}/saml/init/${app}?RelayState=${encodeURIComponent(s.session(s.app.plain))}`;
      const refused = await agent.go(link);
      assert.equal(refused.status, 403);
      assert.match(refused.text, /does not take sign-ins that start here/);
      await policy(app, { allow_idp_initiated: true }, async () => {
        const got = accepted(s, heard(s, await password(agent, await agent.go(link))));
        assert.ok(!got.in_response_to);
        if ('relay_state' in got) assert.equal(got.relay_state, s.session(s.app.plain));
      });
    });

    test('an application that has the wrong certificate for us refuses our answer', async () => {
      const agent = new Agent();
      const got = await signIn(s, s.app.stranger, agent);
      assert.match(got.error, /signature|signed|certificate|fingerprint|trust|security/i);
      assert.equal(await signedIn(s, s.app.stranger, agent), false);
    });

    test('a request that is signed with the wrong key is refused by us', async () => {
      const app = slug(s, 'signed');
      await product.api('PUT', `service-providers/${app}`, { app, metadata_xml: swapCertificates(registered.get(app), strangerPEM) });
      try {
        for (const binding of ['redirect', 'post']) {
          const page = await new Agent().go(s.login(s.app.signed, { binding }));
          assert.ok(!asksPassword(page) && page.status === 400, `${page.status} ${page.text}`);
          assert.match(page.text, /signature/i);
        }
      } finally {
        await product.api('PUT', `service-providers/${app}`, { app, metadata_xml: registered.get(app) });
      }
    });

    test('an unsigned request is refused where signed ones are demanded', () => policy(slug(s, 'plain'), { want_authn_requests_signed: true }, async () => {
      const page = await new Agent().go(s.login(s.app.plain));
      assert.equal(page.status, 400);
      assert.match(page.text, /The request is not signed/);
    }));

    test('a sign-out that is signed with the wrong key is refused by us, and nobody is signed out', async () => {
      const app = slug(s, 'signed');
      for (const binding of ['redirect', 'post']) {
        const agent = new Agent();
        accepted(s, await signIn(s, s.app.signed, agent));
        await product.api('PUT', `service-providers/${app}`, { app, metadata_xml: swapCertificates(registered.get(app), strangerPEM) });
        try {
          const page = await agent.go(s.logout(s.app.signed, binding));
          assert.equal(page.status, 400, page.text);
          assert.match(page.text, /signature/i);
          accepted(s, heard(s, await agent.go(s.login(s.app.plain))));
        } finally {
          await product.api('PUT', `service-providers/${app}`, { app, metadata_xml: registered.get(app) });
        }
      }
    });

    for (const binding of name === 'ruby-saml' ? ['redirect', 'post'] : ['redirect', 'post', 'soap']) {
      test(`sign-out that starts at the application, by ${binding}`, async () => {
        const agent = new Agent();
        accepted(s, await signIn(s, s.app.signed, agent));
        const page = await agent.go(s.logout(s.app.signed, binding));
            const { status, sub, error } = heard(s, page);
        assert.match(status ?? '', /status:Success$|^global$/, `${error} ${product.log().slice(-2000)} ${s.log().slice(-3000)}`);
        assert.ok(!sub, sub);
        assert.equal(await signedIn(s, s.app.signed, agent), false);
        await signedOutHere(agent, s);
      });
    }

    if (name === 'Shibboleth') {
      test('sign-out that starts at the application, which waits for no answer', async () => {
        const agent = new Agent();
        accepted(s, await signIn(s, s.app.signed, agent));
        const page = await agent.go(s.leave(s.app.signed));
        assert.match(page.text, /You are signed out/);
        assert.equal(await signedIn(s, s.app.signed, agent), false);
        await signedOutHere(agent, s);
      });
    }

    const told = (name === 'ruby-saml' ? ['redirect'] : ['redirect', 'post', 'soap']).map((slo_binding) => ({ slo_binding }));
    if (name === 'Shibboleth') told.push({ slo_binding: 'redirect', nameid: { format: 'transient', encrypt: true } }); // pysaml2 and ruby-saml take names in the clear only
    for (const how of told) {
      test(`sign-out that starts here, told by ${how.slo_binding}${how.nameid ? ', with the NameID encrypted' : ''}`, () => policy(slug(s, 'signed'), how, async () => {
        const agent = new Agent();
        accepted(s, await signIn(s, s.app.signed, agent));
        const page = await signOut(agent);
        assert.match(page.text, /You are signed out/);
        assert.match(page.text, /: <span class="told">signed out<\/span>/, `${/<li>.*/.exec(page.text)?.[0]} ${product.log().slice(-1500)} ${s.log().slice(-2500)}`);
        assert.equal(await signedIn(s, s.app.signed, agent), false, `${page.text} ${s.log().slice(-3000)}`);
        await signedOutHere(agent, s);
      }));
    }
  });
}

describe('the three in one browser, which holds cookies back across sites', () => {
  let browser, context, page;
  before(async () => {
    browser = await launch();
  });
  after(() => browser?.close());

  const shown = async (s) => {
    await page.waitForURL(s.session(s.app.signed));
    return s.read(await page.textContent('body'));
  };

  // signInEverywhere asks for the password once. Requests come by POST, from another site.
  async function signInEverywhere() {
    context = await browser.newContext();
    page = await context.newPage();
    page.setDefaultTimeout(10_000);
    for (const [i, s] of services.entries()) {
      await page.goto(s.login(s.app.signed, { binding: 'post' }));
      if (i === 0) {
        await fillIn(page, person.username, person.password);
      }
      accepted(s, await shown(s));
    }
  }

  async function nobodyIsSignedIn() {
    for (const s of services) {
      await page.goto(s.session(s.app.signed));
      assert.equal((await shown(s)).nameid, undefined, `${s.name} still has a session\n${s.log().slice(-2000)}`);
    }
    await page.goto(services[0].login(services[0].app.signed));
    await page.waitForSelector('#login-submit');
    await context.close();
  }

  for (const i of stacks.keys()) {
    test(`one password for all; signing out at ${stacks[i].name} signs out everywhere`, async () => {
      await signInEverywhere();
      const s = services[i];
      await page.goto(s.logout(s.app.signed));
      await page.waitForURL((url) => url.href.startsWith(s.app.signed) && url.searchParams.has('SAMLResponse'));
      const { status, sub } = s.read(await page.textContent('body'));
      assert.match(status, /status:Success$|^global$/, product.log().slice(-3000));
      assert.ok(!sub, sub);
      await nobodyIsSignedIn();
    });
  }

  test('signing out here signs out everywhere, and says so', async () => {
    await signInEverywhere();
    await page.goto(`${product.issuer}/logout`);
    await page.click('#logout-confirm');
    await page.getByText('You are signed out', { exact: true }).waitFor();
    assert.equal(await page.locator('.farewells .told').count(), services.length, await page.textContent('main'));
    await nobodyIsSignedIn();
  });
});
