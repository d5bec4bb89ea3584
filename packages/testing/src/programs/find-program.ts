import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A program that tests start, and where to look for it. */
export interface Program {
  readonly what: string
  /** The environment variable that names its path. */
  readonly variable: string
  /** Its file names on the PATH, the most likely first. */
  readonly names: readonly string[]
  /** Usual paths of its installers. */
  readonly places: readonly string[]
}

export function findProgram({ what, variable, names, places }: Program): string | undefined {
  const named = process.env[variable]
  if (named) {
    if (isProgram(named)) return named
    throw new Error(`${variable} is ${JSON.stringify(named)}, which is not an executable file`)
  }
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  const endings = process.platform === 'win32' ? ['.exe'] : ['']
  const onPath = names.flatMap((name) =>
    endings.flatMap((ending) => folders.map((folder) => join(folder, name + ending))),
  )
  const found = [...onPath, ...places].find(isProgram)
  if (found || !process.env.CI) return found
  throw new Error(
    `${what} is not installed, and no test is skipped if CI is set: install it, or set ${variable} to its path`,
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
