import { createHash } from 'node:crypto'
import type { RedisLogClient, ScriptArguments } from '../redis-log-options.ts'
import { APPEND } from './append.lua.ts'
import { COUNT, LEAVE, REPORT, TAKE } from './presence.lua.ts'
import { READ } from './read.lua.ts'

/** A Lua script, and the name Redis gives it. */
export interface Script {
  readonly text: string
  readonly sha1: string
}

export const append: Script = script(APPEND)
export const read: Script = script(READ)

export const report: Script = script(REPORT)
export const count: Script = script(COUNT)
export const take: Script = script(TAKE)
export const leave: Script = script(LEAVE)

/** Runs a script by its name; its text is sent only to a server that does not have it, as after a restart. */
export async function run(
  client: RedisLogClient,
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

function script(text: string): Script {
  return { text, sha1: createHash('sha1').update(text).digest('hex') }
}
