// The product as a process of its own, for tests of other people's software: an isolated
// data folder, loopback ports that the kernel gives, and the admin API.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';

const binary = process.env.E2E_BINARY;

// listen binds a server to a loopback port and returns the port.
export const listen = (server) => new Promise((resolve, reject) => {
  server.once('error', reject);
  server.listen(0, '127.0.0.1', () => resolve(server.address().port));
});

// freePort is a loopback port that nobody had a moment ago.
export async function freePort() {
  const probe = createServer();
  const port = await listen(probe);
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

// until waits for something to become true.
export async function until(what, condition, seconds = 30) {
  for (const deadline = Date.now() + seconds * 1000; ;) {
    const got = await condition();
    if (got) return got;
    assert.ok(Date.now() < deadline, `${what} within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// ended stops a child that was started here.
export async function ended(child, signal = 'SIGTERM') {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await new Promise((resolve) => child.once('exit', resolve));
}

// start runs the product. settings are lines of its configuration file.
export async function start(settings = []) {
  assert.ok(binary, 'E2E_BINARY names the built binary');
  const [port, ops] = [await freePort(), await freePort()];
  const data = mkdtempSync(path.join(tmpdir(), 'cloudsso-e2e-'));
  const issuer = `http://localhost:${port}`;
  const config = path.join(data, 'cloudsso.yaml');
  writeFileSync(config, [`issuer: ${issuer}`, `listen: 127.0.0.1:${port}`, `ops_listen: 127.0.0.1:${ops}`, 'dev: true', ...settings, ''].join('\n'));
  const flags = ['--config', config, '--data', path.join(data, 'store')];
  const server = spawn(binary, ['serve', ...flags]);
  let log = '';
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (d) => { log += d; });
  const stop = async () => {
    await ended(server);
    rmSync(data, { recursive: true, force: true });
  };
  try {
    await until('the product is ready', async () => {
      assert.equal(server.exitCode, null, `the product ended: ${log}`);
      return (await fetch(`http://127.0.0.1:${ops}/readyz`).catch(() => null))?.ok;
    });
    const token = (role) => JSON.parse(execFileSync(binary, ['token', 'create', '--role', role, '--ttl', '1h', '--json', ...flags])).token;
    const owner = token('owner');
    const create = async (kind, body) => {
      const answer = await fetch(`${issuer}/api/v1/${kind}`, {
        method: 'POST', headers: { Authorization: `Bearer ${owner}`, 'Content-Type': 'application/json' }, body: JSON.stringify(body),
      });
      assert.equal(answer.status, 201, await answer.clone().text());
      return answer.json();
    };
    return { issuer, create, token, stop, log: () => log };
  } catch (error) {
    await stop();
    throw error;
  }
}
