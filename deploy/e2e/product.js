// The product as a process of its own, set up by its command line and its admin API: an
// isolated data folder and loopback ports that the kernel gives.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as processes from './process.js';

const binary = process.env.E2E_BINARY;

// start runs the product. settings are lines of its configuration file; demo is as the
// first command of the README.
export async function start({ settings = [], demo = false } = {}) {
  assert.ok(binary, 'E2E_BINARY names the built binary');
  const [port, ops] = [await processes.freePort(), await processes.freePort()];
  const folder = mkdtempSync(path.join(tmpdir(), 'cloudsso-e2e-'));
  const issuer = `http://localhost:${port}`;
  const config = path.join(folder, 'cloudsso.yaml');
  writeFileSync(config, [`issuer: ${issuer}`, `listen: 127.0.0.1:${port}`, `ops_listen: 127.0.0.1:${ops}`, 'dev: true', ...settings, ''].join('\n'));
  const flags = ['--config', config, '--data', path.join(folder, 'data')];
  if (demo) flags.push('--demo');
  const server = processes.start(binary, ['serve', ...flags]);
  const stop = async () => {
    await processes.stop(server);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await processes.until('the product is ready', async () => (await fetch(`http://127.0.0.1:${ops}/readyz`).catch(() => null))?.ok, server);
  } catch (error) {
    await stop();
    throw error;
  }
  // run is a command of the product, beside the server.
  const run = (...args) => execFileSync(binary, [...args, ...flags], { encoding: 'utf8' });
  const token = (role) => JSON.parse(run('token', 'create', '--role', role, '--ttl', '1h', '--json')).token;
  let owner;
  // api answers what the server answers to one call, which must work.
  const api = async (method, call, body) => {
    owner ??= token('owner');
    const answer = await fetch(`${issuer}/api/v1/${call}`, {
      method, signal: AbortSignal.timeout(20_000), body: body && JSON.stringify(body),
      headers: { Authorization: `Bearer ${owner}`, 'Content-Type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' },
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${call}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  };
  const create = (kind, body) => api('POST', kind, body);
  return { issuer, api, create, token, run, stop, log: server.log };
}
