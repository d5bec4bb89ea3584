import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { findProgram, type Program } from './find-program.ts'
import { chromiumPath, redisServerPath } from './index.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'programs-'))
  vi.stubEnv('CI', '')
  vi.stubEnv('CHROMIUM_PATH', '')
  vi.stubEnv('REDIS_SERVER_PATH', '')
  vi.stubEnv('PATH', folder)
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

function install(name: string, mode: number = 0o755): string {
  const path = join(folder, name)
  writeFileSync(path, '')
  chmodSync(path, mode)
  return path
}

it('what the environment names comes first', () => {
  install('chromium')
  const named = install('my-browser')
  vi.stubEnv('CHROMIUM_PATH', named)
  expect(chromiumPath()).toBe(named)
})

it('a name in the environment that is no program is an error, not passed over', () => {
  vi.stubEnv('REDIS_SERVER_PATH', join(folder, 'nothing'))
  expect(() => redisServerPath()).toThrow(
    /^REDIS_SERVER_PATH is ".*nothing", which is no program that can be run$/,
  )
})

it('then what is on the PATH, the first of its names', () => {
  install('google-chrome')
  const chromium = install('chromium')
  expect(chromiumPath()).toBe(chromium)
})

it('a folder or a file that cannot be run is no program', () => {
  mkdirSync(join(folder, 'redis-server'))
  vi.stubEnv('REDIS_SERVER_PATH', join(folder, 'redis-server'))
  expect(() => redisServerPath()).toThrow('no program')
  vi.stubEnv('REDIS_SERVER_PATH', install('plain', 0o644))
  expect(() => redisServerPath()).toThrow('no program')
})

const rare: Program = {
  what: 'A rare program',
  variable: 'RARE_PATH',
  names: ['rxsse-rare-program'],
  places: [],
}

it('then a usual place', () => {
  const path = install('elsewhere')
  vi.stubEnv('PATH', '')
  expect(findProgram({ ...rare, places: ['/nowhere/at/all', path] })).toBe(path)
})

it("a program that is not there is undefined on a machine of one's own", () => {
  expect(findProgram(rare)).toBeUndefined()
})

it('a program that is not there is an error in CI, which says what to do', () => {
  vi.stubEnv('CI', 'true')
  expect(() => findProgram(rare)).toThrow(
    'A rare program is not installed, and CI is set, where every test runs: install it, or name it in RARE_PATH',
  )
})
