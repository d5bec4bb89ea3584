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
 * The path of a `redis-server` to start in tests: `REDIS_SERVER_PATH` if it is set, else one on the PATH, else one in a usual place.
 * Undefined, or an error, as with {@link chromiumPath}.
 */
export function redisServerPath(): string | undefined {
  return findProgram({
    what: 'redis-server',
    variable: 'REDIS_SERVER_PATH',
    names: ['redis-server', 'valkey-server'],
    places: [
      '/usr/bin/redis-server',
      '/usr/local/bin/redis-server',
      '/opt/homebrew/bin/redis-server',
      '/usr/bin/valkey-server',
    ],
  })
}

export { onSmallDisk } from './small-disk.ts'
