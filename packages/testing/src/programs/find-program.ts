import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A program that tests start, and where it may be. */
export interface Program {
  readonly what: string
  /** The environment variable that names its path. */
  readonly variable: string
  /** What it is called on the PATH, the likeliest first. */
  readonly names: readonly string[]
  /** Paths where installers put it. */
  readonly places: readonly string[]
}

export function findProgram({ what, variable, names, places }: Program): string | undefined {
  const named = process.env[variable]
  if (named) {
    if (isProgram(named)) return named
    throw new Error(`${variable} is ${JSON.stringify(named)}, which is no program that can be run`)
  }
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  const endings = process.platform === 'win32' ? ['.exe'] : ['']
  const onPath = names.flatMap((name) =>
    endings.flatMap((ending) => folders.map((folder) => join(folder, name + ending))),
  )
  const found = [...onPath, ...places].find(isProgram)
  if (found || !process.env.CI) return found
  throw new Error(
    `${what} is not installed, and CI is set, where every test runs: install it, or name it in ${variable}`,
  )
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
