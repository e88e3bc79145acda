// What every script here shares: saying what is done, running a program, failing with advice, and knowing what is
// already up to date. Only Node's own modules, because these scripts run before anything is installed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const at = (...parts) => join(root, ...parts);

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);

export const say = text => console.log(`${paint(1, '·')} ${text}`);
export const done = (text, since) => console.log(`${paint(32, '✓')} ${text}${since ? ` (${seconds(since)})` : ''}`);
export const warn = text => console.log(`${paint(33, '!')} ${text}`);
export const seconds = since => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** A step that could not be done, and what a person can do about it. */
export class Failed extends Error {
  constructor(what, how) {
    super(what);
    this.how = how;
  }
}

export function report(error) {
  if (!(error instanceof Failed)) throw error;
  console.error(`${paint(31, '✗')} ${error.message}`);
  if (error.how) console.error(`  How to fix it: ${error.how}`);
}

/** Runs a script's body; a failure ends the process with its advice, not with a stack of our own code. */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    report(error);
    process.exitCode = 1;
  }
}

// Programs ------------------------------------------------------------------------------------------------------------

/** Project-local programs come first, so that a pinned tool is found before whatever else the machine has. */
export const PATH = [at('.tools/bin'), at('node_modules/.bin'), process.env.PATH].join(delimiter);

/** Runs a program and shows its output. `onLine` also sees every line. Resolves to the exit code. */
export function run(command, args, { env, cwd = root, onLine } = {}) {
  return new Promise((resolveCode, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, PATH, ...env },
      stdio: ['ignore', onLine ? 'pipe' : 'inherit', onLine ? 'pipe' : 'inherit'],
    });
    if (onLine) {
      for (const [stream, out] of [[child.stdout, process.stdout], [child.stderr, process.stderr]]) {
        let rest = '';
        stream.on('data', chunk => {
          out.write(chunk);
          const lines = (rest + chunk).split('\n');
          rest = lines.pop();
          lines.forEach(onLine);
        });
        stream.on('end', () => rest && onLine(rest));
      }
    }
    child.on('error', error => (error.code === 'ENOENT' ? resolveCode(127) : reject(error)));
    child.on('close', (code, signal) => resolveCode(signal ? 1 : code));
  });
}

/** Runs a program that must succeed. */
export async function must(command, args, { how, what, ...options } = {}) {
  const code = await run(command, args, options);
  if (code !== 0) {
    throw new Failed(what ?? `\`${command} ${args.join(' ')}\` ended with code ${code}.`, how);
  }
}

/** A program's standard output, trimmed; null if it is not there or fails. */
export function ask(command, args, options = {}) {
  return new Promise(answer => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, PATH },
      stdio: ['ignore', 'pipe', 'ignore'],
      ...options,
    });
    const chunks = [];
    child.stdout.on('data', chunk => chunks.push(chunk));
    child.on('error', () => answer(null));
    child.on('close', code => answer(code === 0 ? Buffer.concat(chunks).toString().trim() : null));
  });
}

// What is up to date --------------------------------------------------------------------------------------------------

/** Every file under the given paths, sorted, so that the list does not depend on the file system. */
export function files(...paths) {
  const found = [];
  const walk = path => {
    if (!existsSync(at(path))) return;
    if (statSync(at(path)).isDirectory()) readdirSync(at(path)).sort().forEach(name => walk(join(path, name)));
    else found.push(path);
  };
  paths.forEach(walk);
  return found;
}

/** A hash of the contents of files and of any other words that matter, such as a tool's version. */
export function fingerprint(paths, ...words) {
  const hash = createHash('sha256');
  for (const path of files(...paths)) hash.update(path).update('\0').update(readFileSync(at(path))).update('\0');
  words.forEach(word => hash.update(String(word)).update('\0'));
  return hash.digest('hex');
}

const stampOf = name => at('.tools/stamps', name);

/** True if `name` was last made from exactly this fingerprint and all it made is still there. */
export function fresh(name, mark, ...outputs) {
  return outputs.every(path => existsSync(at(path))) && existsSync(stampOf(name)) && readFileSync(stampOf(name), 'utf8') === mark;
}

export function stamp(name, mark) {
  mkdirSync(dirname(stampOf(name)), { recursive: true });
  writeFileSync(stampOf(name), mark);
}
