import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'

/**
 * The command line that runs `command` with an empty disk of `bytes` mounted over `folder`, which must exist. Only the
 * command sees that disk, and it disappears with the command. So a test can fill a real disk.
 *
 * Needs Linux and permission to mount in a namespace. Returns undefined otherwise, even if `CI` is set, because not every
 * container has that permission.
 *
 * @example
 * ```ts
 * const [program, ...args] = onSmallDisk(folder, 256 * 1024, [process.execPath, 'server.js', folder]) ?? []
 * ```
 */
export function onSmallDisk(
  folder: string,
  bytes: number,
  command: readonly string[],
): readonly [program: string, ...args: string[]] | undefined {
  const [program, ...args] = createCommandLine(folder, bytes, command)
  const [, ...trial] = createCommandLine(tmpdir(), bytes, ['true'])
  return spawnSync(program, trial).status === 0 ? [program, ...args] : undefined
}

function createCommandLine(folder: string, bytes: number, command: readonly string[]): [string, ...string[]] {
  const mount = `mount -t tmpfs -o size=${bytes} tmpfs "$1" && shift && exec "$@"`
  return ['unshare', '--map-root-user', '--mount', 'sh', '-c', mount, 'sh', folder, ...command]
}
