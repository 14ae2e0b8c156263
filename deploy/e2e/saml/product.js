// The product as its administrators have it: started on loopback, set up by its API.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort, start, until } from './process.js';

export const person = { username: 'ada', password: 'analytical engine', email: 'ada@example.com',
  attributes: { given_name: 'Ada', family_name: "O'Lovelace <& Söhne>", name: 'Ada Lovelace' } };

export async function startProduct(binary, folder) {
  const data = path.join(folder, 'data');
  const file = path.join(folder, 'cloudsso.yaml');
  const [port, ops] = [await freePort(), await freePort()];
  const base = `http://localhost:${port}`;
  writeFileSync(file, 'limits: {enabled: false}\n');
  const flags = ['--config', file, '--data', data, '--listen', `127.0.0.1:${port}`, '--ops-listen', `127.0.0.1:${ops}`, '--issuer', base];
  const server = start(binary, ['serve', '--dev', ...flags]);
  await until('the server does not start', async () => (await fetch(`http://127.0.0.1:${ops}/readyz`).catch(() => null))?.ok, server.log, server);
  const token = execFileSync(binary, ['token', 'create', '--role', 'owner', '--ttl', '1h', '--config', file, '--data', data, '--json']);
  const { secret, token: other } = JSON.parse(token);

  // api answers what the server answers to one call, which must work.
  async function api(method, call, body) {
    const answer = await fetch(`${base}/api/v1/${call}`, { method, signal: AbortSignal.timeout(20_000), body: body && JSON.stringify(body),
      headers: { authorization: `Bearer ${secret ?? other}`, 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' } });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${call}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }
  await api('POST', 'users', person);
  return { base, api, entityID: `${base}/saml/metadata`, log: server.log };
}
