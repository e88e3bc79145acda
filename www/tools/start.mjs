// `npm start`: installs what is missing, builds what has changed, serves the page and prints its address.
// `npm run dev` serves the sources instead, and compiles again when a Rust file changes.
import { existsSync, watch } from 'node:fs';
import { Failed, at, main, report, say } from './kit.mjs';
import { setupBuild } from './setup.mjs';
import { build } from './build.mjs';
import { buildWasm } from './wasm.mjs';

const flags = process.argv.slice(2);
const port = Number(process.env.PORT ?? 8080);
const host = flags.includes('--host') ? '0.0.0.0' : 'localhost';

await main(async () => {
  await setupBuild();
  await (flags.includes('--dev') ? develop() : serve());
});

async function serve() {
  await build();
  const { preview } = await vite();
  const server = await preview({ root: at(), logLevel: 'error', preview: { port, host } });
  announce(server);
}

async function develop() {
  await buildWasm('dev').catch(report); // a source that does not compile yet is served as it last was
  const { createServer } = await vite();
  const server = await createServer({ root: at(), configFile: at('vite.config.mjs'), server: { port, host } });
  await server.listen();
  announce(server);
  recompileOnChange();
}

/** Compiles once a change has settled; one compilation at a time. Vite sees pkg/ change and reloads the page. */
function recompileOnChange() {
  let timer, busy = false, again = false;
  const compile = async () => {
    if (busy) return void (again = true);
    busy = true;
    await buildWasm('dev').catch(report);
    busy = false;
    if (again) {
      again = false;
      compile();
    }
  };
  for (const path of ['src', 'www/lessons'].filter(path => existsSync(at(path)))) {
    watch(at(path), { recursive: true }, () => {
      clearTimeout(timer);
      timer = setTimeout(compile, 200);
    });
  }
}

/** Imported late: Vite is itself one of the packages that setup installs. */
async function vite() {
  try {
    return await import('vite');
  } catch (error) {
    throw new Failed(`Vite does not load: ${error.message}`, 'remove node_modules and run the command again.');
  }
}

function announce(server) {
  const [address] = server.resolvedUrls.local;
  say(`Kafka Playground is at ${address}  (Ctrl C stops it)`);
  server.resolvedUrls.network.forEach(other => say(`and, from other machines, at ${other}`));
}
