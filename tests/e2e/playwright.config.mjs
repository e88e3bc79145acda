// End to end: the built page as a static file server hands it out, from a sub-path, in Debian's Chromium.
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig } from '@playwright/test';

const root = resolve(import.meta.dirname, '../..');
const site = resolve(root, 'target/e2e/site');
const port = Number(process.env.E2E_PORT ?? 8917);

// The build stands under /a/b/, so that an address that forgets where it is leads nowhere.
if (!process.env.TEST_WORKER_INDEX) {
  mkdirSync(`${site}/a`, { recursive: true });
  rmSync(`${site}/a/b`, { force: true });
  symlinkSync(resolve(root, 'dist'), `${site}/a/b`);
}

export default defineConfig({
  // A machine under load now and then misses a frame that a test waits for.
  retries: process.env.CI ? 2 : 0,
  testDir: '.',
  outputDir: resolve(root, 'target/e2e/results'),
  fullyParallel: true,
  workers: 2,
  forbidOnly: !!process.env.CI,
  reporter: 'list',
  use: {
    baseURL: `http://localhost:${port}/a/b/`,
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-quic', '--disable-gpu'],
    },
  },
  webServer: {
    command: `exec python3 -m http.server ${port} --bind localhost --directory ${site}`,
    url: `http://localhost:${port}/a/b/`,
    reuseExistingServer: false,
    stdout: 'ignore',
    stderr: 'ignore',
  },
});
