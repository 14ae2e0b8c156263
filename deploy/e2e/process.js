// Processes on loopback: started, awaited, and ended by their own handle.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';

// listen binds a server to a loopback port that the kernel gives, and returns the port.
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

const running = new Set();

// start starts a child; env is added to the environment, the rest of options is spawn's.
export function start(program, args, { env = {}, ...options } = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, ...options });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (d) => { log += d; });
  child.once('error', (e) => { log += e; });
  const started = { child, log: () => log };
  running.add(started);
  return started;
}

const isGone = ({ child }) => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

// stop ends what start returned.
export async function stop(started, signal = 'SIGTERM') {
  running.delete(started);
  if (isGone(started)) return;
  const gone = new Promise((resolve) => started.child.once('exit', resolve));
  started.child.kill(signal);
  await gone;
}

// stopAll ends everything that was started, the latest first.
export async function stopAll() {
  for (const started of [...running].reverse()) await stop(started);
}

// until waits for something to become true: half a minute, as long as the process that is
// waited for lives.
export async function until(what, condition, started) {
  for (const deadline = Date.now() + 30_000; ;) {
    const got = await condition();
    if (got) return got;
    assert.ok(!started || !isGone(started), `${what}: the process ended: ${started?.log()}`);
    assert.ok(Date.now() < deadline, `${what} within 30 s${started ? `: ${started.log()}` : ''}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// listens reports whether somebody takes connections there.
export const listens = (port) => new Promise((resolve) => {
  const c = connect(port, '127.0.0.1');
  c.once('connect', () => { c.destroy(); resolve(true); });
  c.once('error', () => resolve(false));
});
