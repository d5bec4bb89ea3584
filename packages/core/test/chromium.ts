import { chromiumFlags, chromiumPath } from '@rxsse/testing/programs'
import { type Browser, chromium } from 'playwright-core'

const executablePath = chromiumPath()

/** Undefined where there is a Chromium to test in; else why the tests are left out. In CI, none is an error. */
export const noChromium: string | undefined =
  executablePath === undefined ? 'no Chromium found: install one, or name it in CHROMIUM_PATH' : undefined

export function launchChromium(...flags: string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: executablePath as string,
    args: [...chromiumFlags, ...flags],
    // Users have the back/forward cache, which Playwright turns off.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  })
}
