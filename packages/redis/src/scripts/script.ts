import { createHash } from 'node:crypto'
import type { RedisClient, ScriptArguments } from '../connection/redis-client.ts'
import { APPEND } from './append.lua.ts'
import { ACQUIRE, COUNT, LEAVE, REPORT } from './presence.lua.ts'
import { READ } from './read.lua.ts'
import {
  ACQUIRE_LEASE,
  COMMIT_SNAPSHOT,
  LEAVE_SHARDS,
  LIST_SNAPSHOTS,
  READ_PIECES,
  RELEASE_LEASE,
  REMOVE_PIECES,
  RENEW_LEASE,
  SHARE_OUT,
  WRITE_PIECE,
} from './store.lua.ts'

/** A Lua script, and its name in Redis. */
export interface Script {
  readonly text: string
  readonly sha1: string
}

export const appendScript: Script = createScript(APPEND)
export const readScript: Script = createScript(READ)

export const reportScript: Script = createScript(REPORT)
export const countScript: Script = createScript(COUNT)
export const acquireScript: Script = createScript(ACQUIRE)
export const leaveScript: Script = createScript(LEAVE)

export const acquireLeaseScript: Script = createScript(ACQUIRE_LEASE)
export const renewLeaseScript: Script = createScript(RENEW_LEASE)
export const releaseLeaseScript: Script = createScript(RELEASE_LEASE)
export const shareOutScript: Script = createScript(SHARE_OUT)
export const leaveShardsScript: Script = createScript(LEAVE_SHARDS)
export const listSnapshotsScript: Script = createScript(LIST_SNAPSHOTS)
export const readPiecesScript: Script = createScript(READ_PIECES)
export const writePieceScript: Script = createScript(WRITE_PIECE)
export const removePiecesScript: Script = createScript(REMOVE_PIECES)
export const commitSnapshotScript: Script = createScript(COMMIT_SNAPSHOT)

/** Runs a script by its name. The text is sent only if the server does not have it, as after a restart. */
export async function runScript(
  client: Pick<RedisClient, 'eval' | 'evalSha'>,
  { text, sha1 }: Script,
  args: ScriptArguments,
): Promise<unknown> {
  try {
    return await client.evalSha(sha1, args)
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return client.eval(text, args)
  }
}

function createScript(text: string): Script {
  return { text, sha1: createHash('sha1').update(text).digest('hex') }
}
