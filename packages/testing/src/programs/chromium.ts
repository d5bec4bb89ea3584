import { findProgram } from './find-program.ts'

/**
 * The path of Chromium or Chrome: `CHROMIUM_PATH` if it is set, or else one on the PATH or in a usual folder.
 *
 * Returns undefined if it is not installed, so that a test can be skipped. If `CI` is set it throws instead, because
 * nobody would notice a skipped test. It always throws if `CHROMIUM_PATH` is not an executable file.
 */
export function chromiumPath(): string | undefined {
  return findProgram({
    what: 'Chromium',
    variable: 'CHROMIUM_PATH',
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'],
    places: [
      '/usr/bin/chromium',
      '/usr/bin/chromium-browser',
      '/usr/bin/google-chrome',
      '/snap/bin/chromium',
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
      'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
    ],
  })
}

/**
 * Flags for tests in a container: no sandbox, which root cannot use, no GPU, and no requests other than the page's own.
 * For `launch({ executablePath, args })` of Playwright or Puppeteer.
 */
export const chromiumFlags: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
