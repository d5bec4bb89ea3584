// For the suites of a package in Chromium, run in its folder: those that need nothing of Node. CHROMIUM_TESTS lists them.
import { playwright } from '@vitest/browser-playwright'
import { chromiumFlags, chromiumPath } from '../packages/testing/dist/programs/index.js'

export default {
  test: {
    testTimeout: 120_000,
    // biome-ignore lint/suspicious/noUndeclaredEnvVars: no task of turbo's reads it.
    include: (process.env.CHROMIUM_TESTS ?? 'src/**/*.test.ts').split(' '),
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: { executablePath: chromiumPath(), args: chromiumFlags },
      }),
      instances: [{ browser: 'chromium' }],
    },
  },
}
