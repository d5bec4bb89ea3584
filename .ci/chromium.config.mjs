// Runs test files of a package in Chromium, from the folder of the package. CHROMIUM_TESTS lists the files.
import { playwright } from '@vitest/browser-playwright'
import { chromiumFlags, chromiumPath } from '../packages/testing/dist/programs/index.js'

export default {
  test: {
    testTimeout: 120_000,
    // biome-ignore lint/suspicious/noUndeclaredEnvVars: no turbo task reads it.
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
