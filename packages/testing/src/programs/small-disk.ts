import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'

/**
 * The command line that runs `command` with an empty disk of `bytes` in place of `folder`, which must be there. The command alone sees
 * that disk, and it is gone with it: how a program takes a full disk, tried on one that really is full.
 *
 * It needs Linux, and the right to mount within a namespace of one's own. Undefined elsewhere, also where `CI` is set: not every
 * container has that right.
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
  const [program, ...args] = line(folder, bytes, command)
  const [, ...trial] = line(tmpdir(), bytes, ['true'])
  return spawnSync(program, trial).status === 0 ? [program, ...args] : undefined
}

function line(folder: string, bytes: number, command: readonly string[]): [string, ...string[]] {
  const mount = `mount -t tmpfs -o size=${bytes} tmpfs "$1" && shift && exec "$@"`
  return ['unshare', '--map-root-user', '--mount', 'sh', '-c', mount, 'sh', folder, ...command]
}
