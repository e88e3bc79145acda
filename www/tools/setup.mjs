// Installs what is missing, and only that: the wasm target, the two Rust programs, the npm packages, Debian's programs.
// Everything comes from where rustup, cargo, npm and apt are set up to look; nothing is downloaded by hand.
import { existsSync, readFileSync } from 'node:fs';
import { Failed, ask, at, done, fingerprint, fresh, must, run, say, stamp, warn } from './kit.mjs';

/**
 * The Rust programs, pinned. The command line program of wasm-bindgen must be exactly the version of the crate in
 * Cargo.toml, or the module it writes does not load.
 */
const TOOLS = [
  { crate: 'wasm-bindgen-cli', version: '0.2.126', program: 'wasm-bindgen', also: ['wasm-bindgen-test-runner'] },
  { crate: 'wasm-pack', version: '0.15.1', program: 'wasm-pack', also: [] },
];

/** What must be there for a build. */
export async function setupBuild() {
  await rust();
  await packages();
  await linker();
  await target();
  for (const tool of TOOLS) await install(tool);
}

/** What the tests need beyond a build. */
export async function setupTests() {
  await setupBuild();
  await components();
  await debian();
}

async function rust() {
  if (!(await ask('rustc', ['--version']))) {
    throw new Failed('Rust is not installed.', 'install rustup (your distribution has it, or see rustup.rs), then `rustup toolchain install 1.95`.');
  }
}

/** The packages in package-lock.json, exactly. */
export async function packages() {
  const [wanted, have] = [at('package-lock.json'), at('node_modules/.package-lock.json')];
  if (existsSync(have) && sameVersions(wanted, have)) return;
  say('Installing the npm packages named in package-lock.json');
  await must('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    what: 'The npm packages could not be installed.',
    how: 'see that this machine reaches its npm registry (`npm ping`), then run the command again.',
  });
}

function sameVersions(wanted, have) {
  const versions = path => JSON.parse(readFileSync(path, 'utf8')).packages;
  const [want, got] = [versions(wanted), versions(have)];
  return Object.entries(want).every(([name, { version, optional, peer }]) => !name || optional || peer || got[name]?.version === version)
    && Object.entries(got).every(([name, { version }]) => want[name]?.version === version);
}

async function linker() {
  if (await ask('cc', ['--version'])) return;
  await apt(['gcc', 'libc6-dev'], 'rustc needs a C linker (`cc`), which is not here.');
}

async function target() {
  const installed = await ask('rustup', ['target', 'list', '--installed']);
  if (installed?.split('\n').includes('wasm32-unknown-unknown')) return;
  if (installed === null) {
    const libraries = await ask('rustc', ['--print', 'target-libdir', '--target', 'wasm32-unknown-unknown']);
    if (libraries && existsSync(libraries)) return;
  }
  say('Adding the target wasm32-unknown-unknown');
  await must('rustup', ['target', 'add', 'wasm32-unknown-unknown'], {
    what: 'The target wasm32-unknown-unknown could not be added.',
    how: 'run `rustup target add wasm32-unknown-unknown` where the network is open, then try again.',
  });
}

async function components() {
  for (const [program, component] of [['cargo-fmt', 'rustfmt'], ['cargo-clippy', 'clippy']]) {
    if (await ask(program, ['--version'])) continue;
    say(`Adding ${component}`);
    await must('rustup', ['component', 'add', component], {
      what: `${component} could not be added.`,
      how: `run \`rustup component add ${component}\` where the network is open, then try again.`,
    });
  }
}

async function install({ crate, version, program, also }) {
  for (const name of [program, ...also]) {
    const answer = await ask(name, ['--version']);
    if (answer?.split(/\s+/).includes(version)) continue;
    say(`Installing ${crate} ${version} into .tools (a few minutes, once)`);
    await must('cargo', ['install', '--locked', '--quiet', '--root', at('.tools'), '--version', `=${version}`, '--force', crate], {
      // These two spend their time waiting for others: compiling them quickly matters more than their own speed.
      env: { CARGO_PROFILE_RELEASE_OPT_LEVEL: '1', CARGO_PROFILE_RELEASE_LTO: 'off', CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16', CARGO_TARGET_DIR: at('.tools/build') },
      what: `${crate} ${version} could not be installed.`,
      how: `run \`cargo install --locked --root .tools --version =${version} ${crate}\` and read what it says.`,
    });
    done(`${crate} ${version}`);
    return;
  }
}

// Debian --------------------------------------------------------------------------------------------------------------

/** Debian's Chromium. `CHROMIUM` names another one. No browser is ever downloaded. */
export function chromium() {
  const found = [process.env.CHROMIUM, '/usr/bin/chromium'].find(path => path && existsSync(path));
  if (!found) throw new Failed('There is no Chromium here.', 'as root: `apt-get install chromium`, or set CHROMIUM to its path.');
  return found;
}

/** Chromium's driver, which wasm-pack's browser tests speak to. */
export function chromedriver() {
  const found = [process.env.CHROMEDRIVER, '/usr/bin/chromedriver'].find(path => path && existsSync(path));
  if (!found) throw new Failed('There is no chromedriver here.', 'as root: `apt-get install chromium-driver`, or set CHROMEDRIVER to its path.');
  return found;
}

async function debian() {
  const missing = [];
  if (!process.env.CHROMIUM && !existsSync('/usr/bin/chromium')) missing.push('chromium', 'fonts-liberation');
  if (!process.env.CHROMEDRIVER && !existsSync('/usr/bin/chromedriver')) missing.push('chromium-driver');
  if (!(await ask('python3', ['--version']))) missing.push('python3');
  if (missing.length) await apt(missing, 'The browser tests need Debian packages that are not here.');
}

// Clients --------------------------------------------------------------------------------------------------------------

/** The clients that are tested against `serve`: Python's in an environment of the project's, kcat from Debian. */
export async function setupClients() {
  const [pip, wanted] = [at('.tools/clients/bin/pip'), 'tests/clients/requirements.txt'];
  const mark = fingerprint([wanted]);
  if (!fresh('clients', mark, '.tools/clients/bin/python')) {
    if ((await ask('python3', ['-c', 'import ensurepip'])) === null) await apt(['python3-venv'], 'The Python clients need an environment of their own.');
    say('Installing the Python clients into .tools/clients');
    await must('python3', ['-m', 'venv', '--clear', at('.tools/clients')], { what: 'Python makes no environment.', how: 'see that python3-venv is installed.' });
    await must(pip, ['install', '--quiet', '--disable-pip-version-check', '--only-binary', ':all:', '--requirement', wanted], {
      what: 'The Python clients could not be installed.',
      how: 'see that this machine reaches its Python registry (`pip download six`), then run the command again.',
    });
    stamp('clients', mark);
  }
  if (await ask('kcat', ['-V'])) return;
  await apt(['kcat'], 'The client tests need kcat, which is not here.');
}

async function apt(names, why) {
  const by_hand = `as root, run \`apt-get update && apt-get install --no-install-recommends ${names.join(' ')}\`, then try again.`;
  if (!existsSync('/usr/bin/apt-get')) throw new Failed(`${why} This is not Debian, so they cannot be installed from here.`, `install: ${names.join(', ')}.`);
  const root = process.getuid?.() === 0;
  if (!root && (await run('sudo', ['-n', 'true'])) !== 0) throw new Failed(`${why} Installing them needs root.`, by_hand);
  const apt_get = (...args) => run(root ? 'apt-get' : 'sudo', [...(root ? [] : ['apt-get']), ...args], { env: { DEBIAN_FRONTEND: 'noninteractive' } });
  say(`Installing from Debian: ${names.join(', ')}`);
  if ((await apt_get('update', '-qq')) !== 0) warn('`apt-get update` did not succeed; trying with the lists that are here.');
  if ((await apt_get('install', '-y', '-qq', '--no-install-recommends', ...names)) !== 0) throw new Failed(`${why} They could not be installed.`, by_hand);
}
