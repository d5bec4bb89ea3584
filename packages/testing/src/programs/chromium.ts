import { findProgram } from './find-program.ts'

/**
 * The path of a Chromium (or Chrome) to drive in tests: `CHROMIUM_PATH` if it is set, else one on the PATH, else one in a usual place.
 * Undefined where there is none, so that a test can be left out on a developer's machine. Where `CI` is set, none is an error:
 * there, a test left out is a test that nobody misses. A `CHROMIUM_PATH` that names no program is an error everywhere.
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
 * The flags with which a Chromium in a container tests: without a sandbox, which root may not have, without a GPU, and asking
 * nobody for anything but what the page asks for. For `launch({ executablePath, args })` of Playwright or Puppeteer.
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
