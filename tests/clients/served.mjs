// The cluster that the clients talk to: `serve`, started and stopped, and told things over its standard input.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Failed } from '../../www/tools/kit.mjs';

const clusters = new Set();

/** Ends whatever still runs, however it is. */
export const endClusters = () => clusters.forEach(child => child.kill('SIGKILL'));

/** Starts a cluster on ports that are free. */
export async function serve(binary, ...options) {
  const child = spawn(binary, ['serve', '--listen', '127.0.0.1:0', ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
  clusters.add(child);
  child.on('exit', () => clusters.delete(child));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const hear = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Failed('The cluster ended by itself.', 'what it said stands above.');
    return value;
  };
  const brokers = (await hear()).split(' at ')[1];
  while ((await hear()) !== 'ready');
  const ended = new Promise(resolve => child.on('exit', resolve));
  return {
    brokers,
    /** What it takes of memory, in bytes; null where that is not to be had. */
    memory: () => memoryOf(child.pid),
    /** Gives it a line; its answer. */
    async tell(line) {
      child.stdin.write(`${line}\n`);
      return hear();
    },
    /** Interrupts it; the digest of its journal. */
    async stop() {
      child.kill('SIGINT');
      let digest = null;
      for (let next = await lines.next(); !next.done; next = await lines.next()) digest = /digest (\w+)/.exec(next.value)?.[1] ?? digest;
      const code = await ended;
      if (code !== 0) throw new Failed(`The cluster ended with code ${code}.`, 'what it said stands above.');
      return digest;
    },
    kill: () => child.kill('SIGKILL'),
  };
}

function memoryOf(pid) {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
  } catch {
    return null;
  }
}
