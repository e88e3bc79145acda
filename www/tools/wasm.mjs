// Makes pkg/: wasm-pack compiles the library and writes its JavaScript, then wasm-opt makes the module smaller.
import { existsSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Failed, ask, at, done, fingerprint, fresh, must, say, stamp } from './kit.mjs';

/** The features rustc 1.95 turns on by default; wasm-opt must be told to expect them. */
const FEATURES = ['bulk-memory', 'bulk-memory-opt', 'nontrapping-float-to-int', 'sign-ext', 'mutable-globals', 'reference-types', 'multivalue'];
/**
 * Functions with one caller stay functions: put into their callers they make the module a little shorter and what a
 * browser fetches a twentieth longer, since compression sees less of what they have in common.
 */
const LEVEL = ['--one-caller-inline-max-function-size=0', '-Os', '--strip-debug', '--strip-producers'];
/** One crate has one level: for the page the bytes over the network count for more than the last third of its speed. */
const PROFILE = { CARGO_PROFILE_RELEASE_OPT_LEVEL: 's' };
/** What a panic says of the place it came from names the crate, not where this machine keeps it. */
const CRATES = join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'registry/src');
const RUSTFLAGS = `${process.env.RUSTFLAGS ?? ''} --remap-path-prefix=${CRATES}=crates`.trim();

/** Builds pkg/ unless it is already made from these sources. `profile`: 'release', or 'dev' for a quick unoptimised one. */
export async function buildWasm(profile = 'release') {
  const mark = fingerprint(['Cargo.toml', 'Cargo.lock', '.cargo/config.toml', 'src', 'www/lessons', 'www/tools/wasm.mjs', 'www/tools/setup.mjs'],
    profile, await ask('rustc', ['--version']));
  if (fresh('wasm', mark, 'pkg/kafka_playground.js', 'pkg/kafka_playground_bg.wasm')) return;

  const since = Date.now();
  say(`Compiling the cluster to WebAssembly (${profile})`);
  await must('wasm-pack', ['--quiet', 'build', '--target', 'web', `--${profile}`, '--mode', 'no-install', '--no-opt', '--no-pack', '--out-dir', 'pkg', '--out-name', 'kafka_playground'], {
    env: { RUST_LOG: 'error', RUSTFLAGS, ...PROFILE },
    what: 'The library does not compile to WebAssembly.',
    how: 'read the first error above; `cargo build --target wasm32-unknown-unknown --lib` shows it alone.',
  });
  if (existsSync(at('pkg/snippets'))) {
    throw new Failed('A crate brings its own JavaScript files (pkg/snippets), which www/main.js does not serve.', 'do without the crate, or teach vite.config.mjs to serve pkg/ as a folder.');
  }
  if (profile === 'release') await optimise();
  stamp('wasm', mark);
  done('pkg/ is made', since);
}

async function optimise() {
  say(`Optimising it (wasm-opt ${LEVEL[1]})`);
  const [from, to] = [at('pkg/kafka_playground_bg.wasm'), at('pkg/optimised.wasm')];
  await must('wasm-opt', [...FEATURES.map(name => `--enable-${name}`), ...LEVEL, from, '-o', to], {
    what: 'wasm-opt does not accept the module.',
    how: 'if it names a feature, add it to FEATURES in www/tools/wasm.mjs.',
  });
  rmSync(from);
  renameSync(to, from);
}
