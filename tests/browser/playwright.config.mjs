// How the journeys run: one at a time, in the system's Chromium, nothing downloaded, no second try.
import { defineConfig } from '@playwright/test';
import { chromiumArgs, chromiumPath } from './support/browsers.mjs';

export default defineConfig({
  testDir: '.',
  testMatch: '*.journey.mjs',
  workers: 1,
  retries: 0,
  timeout: 90_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  outputDir: '../../target/journeys',
  forbidOnly: true,
  use: {
    trace: 'retain-on-failure',
    actionTimeout: 10_000,
    navigationTimeout: 20_000,
    launchOptions: { executablePath: chromiumPath, args: chromiumArgs },
  },
});
