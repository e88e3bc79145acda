import { join } from 'node:path';
import { defineConfig, minifySync } from 'vite';
import { firstFrame } from './www/tools/stills.mjs';

const root = import.meta.dirname;

/** What a page may do. Only in the build: Vite's development server needs inline scripts. */
const POLICY = [
  "default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "style-src 'self'", "connect-src 'self'", "img-src 'self' data:",
  "font-src 'self'", "worker-src 'self'", "frame-src 'self'", "base-uri 'none'", "form-action 'none'",
].join('; ');

/** Puts the first frame of the stage into the page, so that it is there before any script runs. */
const frame = () => ({
  name: 'first-frame',
  transformIndexHtml: {
    order: 'pre',
    handler: async html => (html.includes('<!-- first frame -->') ? Object.entries(await firstFrame()).reduce((page, [mark, drawn]) => page.replace(mark, () => drawn), html) : html),
  },
});

/** The content security policy, and an early request for the WebAssembly module. */
const head = () => ({
  name: 'head',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    handler(html, { bundle }) {
      const module = Object.keys(bundle ?? {}).find(name => name.endsWith('.wasm'));
      return [
        { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY }, injectTo: 'head-prepend' },
        ...(module ? [{ tag: 'link', attrs: { rel: 'preload', href: `./${module}`, as: 'fetch', type: 'application/wasm', crossorigin: true }, injectTo: 'head' }] : []),
      ];
    },
  },
});

/**
 * The JavaScript that wasm-bindgen writes is served as a file of its own, not bundled: a page whose instance has
 * panicked imports it again under another fragment and so gets a fresh one. It is still made small.
 */
const glue = () => ({
  name: 'glue',
  apply: 'build',
  generateBundle(_, bundle) {
    for (const file of Object.values(bundle)) {
      if (file.type !== 'asset' || !/kafka_playground.*\.js$/.test(file.fileName)) continue;
      const { code, errors } = minifySync(file.fileName, String(file.source), { module: true });
      if (!errors?.length) file.source = code;
    }
  },
});

/** Pages that are only measured with. */
const benches = ['www/bench.html', 'www/frames.html'].map(path => join(root, path));

export default defineConfig({
  root,
  base: './',
  publicDir: 'www/public',
  appType: 'mpa',
  clearScreen: false,
  logLevel: process.env.CI ? 'warn' : 'info',
  plugins: [frame(), glue(), head()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { input: [join(root, 'index.html'), ...benches] },
  },
  server: { watch: { ignored: ['**/target/**', '**/.tools/**', '**/dist/**', '**/src/**'] } },
});
