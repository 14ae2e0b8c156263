// People of other directories in a real browser: the fake iMIS of the demo, and an LDAP
// server (slapd, Debian package slapd). Each signs in by OpenID Connect and by SAML.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { launch, signIn } from './browser.js';
import * as processes from './process.js';
import { start } from './product.js';

const slapd = '/usr/sbin/slapd';
const suffix = 'dc=example,dc=com';
let base, browser, folder, product;

// startLDAP starts an LDAP server on loopback with one person in it.
async function startLDAP() {
  const port = await processes.freePort();
  const dir = path.join(folder, 'ldap');
  mkdirSync(path.join(dir, 'db'), { recursive: true });
  writeFileSync(path.join(dir, 'slapd.conf'), `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile ${dir}/pid
database mdb
maxsize 10485760
suffix ${suffix}
rootdn cn=root,${suffix}
directory ${dir}/db
access to attrs=userPassword by anonymous auth by * none
access to * by * read
`);
  writeFileSync(path.join(dir, 'people.ldif'), `
dn: ${suffix}
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: uid=emmy,${suffix}
objectClass: inetOrgPerson
uid: emmy
cn: Emmy Noether
givenName: Emmy
sn: Noether
mail: emmy@example.com
userPassword: invariant theory
`);
  execFileSync(slapd, ['-Tadd', '-q', '-f', path.join(dir, 'slapd.conf'), '-l', path.join(dir, 'people.ldif')]);
  const server = processes.start(slapd, ['-d', '0', '-f', path.join(dir, 'slapd.conf'), '-h', `ldap://127.0.0.1:${port}`]);
  await processes.until('slapd listens', () => processes.listens(port), server);
  return port;
}

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'cloudsso-e2e-directories-'));
  const ldap = await startLDAP();
  product = await start({ demo: true, settings: [`
directories:
  - id: university
    kind: ldap
    ldap:
      urls: ["ldap://127.0.0.1:${ldap}"]
      base_dn: ${suffix}
      attributes:
        - {from: givenName, name: given_name}
        - {from: sn, name: family_name}
        - {from: cn, name: name}
`] });
  base = product.issuer;
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await product?.stop();
  await processes.stopAll();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const people = [
  { from: 'the fake iMIS', username: 'mary', password: 'member since 1998', email: 'mary@example.com', family: 'Somerville', groups: ['astronomy', 'mathematics'] },
  { from: 'an LDAP server', username: 'emmy', password: 'invariant theory', email: 'emmy@example.com', family: 'Noether' },
];

for (const who of people) {
  test(`somebody of ${who.from} signs in by OpenID Connect`, async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${base}/demo/rp/login`);
    await signIn(page, who.username, 'not the password');
    assert.match(await page.textContent('[role=alert]'), /password/i);
    await signIn(page, who.email, who.password);
    await page.click('#consent-allow');
    await page.waitForSelector('#demo-signed-in');
    const claims = JSON.parse(await page.textContent('#demo-id-token'));
    const info = JSON.parse(await page.textContent('#demo-userinfo'));
    assert.equal(claims.iss, base);
    assert.equal(info.sub, claims.sub);
    assert.equal(info.email, who.email);
    assert.equal(info.family_name, who.family);
    if (who.groups) assert.deepEqual(info.groups, who.groups);
    await context.close();
  });

  test(`somebody of ${who.from} signs in by SAML`, async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${base}/demo/sp/login`);
    await signIn(page, who.username, who.password);
    await page.waitForSelector('#demo-signed-in');
    assert.equal(await page.textContent('#demo-nameid'), who.email);
    assert.match(await page.textContent('#demo-signature'), /Signature valid/);
    assert.match(await page.textContent('#demo-attributes'), new RegExp(who.family));
    await context.close();
  });
}
