// The service providers that the tests drive. Each has three applications: plain, whose
// requests are not signed; signed; and stranger, to which somebody else's certificate was given as ours.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, listens, start, until } from '../process.js';
import { shibboleth } from './shibboleth.js';

// person signs in everywhere; the name is one that XML has to quote.
export const person = { username: 'ada', password: 'analytical engine', email: 'ada@example.com',
  attributes: { given_name: 'Ada', family_name: "O'Lovelace <& Söhne>", name: 'Ada Lovelace' } };

// script is a service provider of this folder: one program, one process.
const script = (name, program, file) => ({
  name,
  async start(folder, port, apps) {
    const config = path.join(folder, `${file}.json`);
    writeFileSync(config, JSON.stringify({ port, apps: Object.fromEntries(apps.map((a) => [a.name, a])) }));
    const server = start(program, [fileURLToPath(new URL(file, import.meta.url)), config], { env: { PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1' } });
    await until(`${name} starts`, () => listens(port), server);
    return { log: server.log };
  },
  metadata: (base) => `${base}/metadata`,
  login: (base, wishes = {}) => `${base}/login?${new URLSearchParams(Object.entries(wishes).filter(([, v]) => v))}`,
  session: (base) => `${base}/session`,
  logout: (base, binding = 'redirect') => `${base}/logout?binding=${binding}`,
  read: JSON.parse,
});

export const stacks = [shibboleth, script('pysaml2', '/usr/bin/python3', 'pysaml2_sp.py'), script('ruby-saml', '/usr/bin/ruby', 'rubysaml_sp.rb')];

// certificate makes a key and a certificate, and returns the files' names.
export function certificate(folder, name) {
  const [key, cert] = [path.join(folder, `${name}.key`), path.join(folder, `${name}.crt`)];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`, '-days', '2', '-keyout', key, '-out', cert], { stdio: 'pipe' });
  return { key, certificate: cert };
}

export const swapCertificates = (metadata, pem) =>
  metadata.replace(/(<(?:\w+:)?X509Certificate>)[^<]*/g, `$1${pem.replace(/-----[^-]+-----|\s/g, '')}`);

// startStack starts one of stacks, trusting the product by its metadata.
export async function startStack(stack, folder, product, idpMetadata, strangerPEM) {
  const port = await freePort();
  const mine = path.join(folder, stack.name);
  mkdirSync(mine);
  const keys = certificate(mine, 'sp');
  const [ours, theirs] = [path.join(mine, 'idp.xml'), path.join(mine, 'stranger.xml')];
  writeFileSync(ours, idpMetadata);
  writeFileSync(theirs, swapCertificates(idpMetadata, strangerPEM));
  const apps = ['plain', 'signed', 'stranger'].map((name) => ({ name, base: `http://127.0.0.1:${port}/${name}`, signed: name === 'signed',
    idp: `${product.issuer}/saml/metadata`, idp_metadata: name === 'stranger' ? theirs : ours, ...keys }));
  const running = await stack.start(mine, port, apps);
  return { ...stack, ...running, app: Object.fromEntries(apps.map((a) => [a.name, a.base])) };
}
