// Processes on loopback: started, awaited, and ended by their own handle.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';

// freePort asks the kernel for a loopback port.
export const freePort = () => new Promise((resolve, reject) => {
  const probe = createServer();
  probe.once('error', reject);
  probe.listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});

const running = [];

export function start(program, args, env = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env } });
  let log = '';
  child.stderr.on('data', (d) => { log += d; });
  child.stdout.on('data', (d) => { log += d; });
  child.once('error', (e) => { log += e; });
  running.push(child);
  return { child, log: () => log };
}

// stopAll ends what was started, the latest first.
export async function stopAll() {
  for (const child of running.splice(0).reverse()) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) continue;
    const gone = new Promise((r) => child.once('exit', r));
    child.kill('SIGTERM');
    await gone;
  }
}

// until repeats a look every 50 ms for half a minute, as long as the process lives.
export async function until(what, look, log, { child }) {
  const deadline = Date.now() + 30_000;
  while (!(await look())) {
    assert.ok(child.exitCode === null && child.pid !== undefined && Date.now() < deadline, `${what}: ${log()}`);
    await new Promise((r) => setTimeout(r, 50));
  }
}

// listens reports whether somebody takes connections there.
export const listens = (port) => new Promise((resolve) => {
  const c = connect(port, '127.0.0.1');
  c.once('connect', () => { c.destroy(); resolve(true); });
  c.once('error', () => resolve(false));
});
