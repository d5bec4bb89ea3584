// A server whose log is on a disk that may be full. Its parent process sends commands and gets
// replies. Arguments: the folder, the capacity of the log.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sqliteLog } from '../src/log/sqlite-log.ts'
import { SinkError } from '../src/sink/errors.ts'
import { createSink } from '../src/sink/sink.ts'

export type Command =
  | { readonly publish: string }
  | { readonly fill: true }
  | { readonly free: true }
  | { readonly close: true }

export type Reply =
  | { readonly port: number; readonly origin: string }
  | { readonly id: string | undefined }
  | { readonly refused: string }
  | { readonly done: true }
  | { readonly integrity: string; readonly held: readonly string[] }

const [folder = '', capacity = ''] = process.argv.slice(2)
const path = join(folder, 'events.db')
const filler = join(folder, 'filler')
const log = sqliteLog({ path, capacity: Number(capacity) })
const sink = createSink({ log, onError: () => {} })
const server = createServer(sink.handler).listen(0, '127.0.0.1', async () => {
  reply({ port: (server.address() as AddressInfo).port, origin: (await log.head()).id })
})

process.on('message', async (command: Command) => {
  if ('publish' in command) reply(await publish(command.publish))
  else if ('fill' in command) reply(fill())
  else if ('free' in command) reply(free())
  else reply(await close())
})
process.on('disconnect', () => process.exit())

async function publish(data: string): Promise<Reply> {
  try {
    const { id } = await sink.publish({ data }, 'all', { sourceId: data })
    return { id }
  } catch (error) {
    const cause = error instanceof SinkError && error.cause instanceof Error ? error.cause.message : ''
    return { refused: `${error instanceof SinkError ? error.code : error}: ${cause}` }
  }
}

function fill(): Reply {
  const file = openSync(filler, 'w')
  for (const piece of [65_536, 4_096, 1]) {
    try {
      while (true) writeSync(file, Buffer.alloc(piece))
    } catch {}
  }
  closeSync(file)
  return { done: true }
}

function free(): Reply {
  rmSync(filler, { force: true })
  return { done: true }
}

async function close(): Promise<Reply> {
  await sink.close({ drain: 0 })
  const database = new DatabaseSync(path)
  const integrity = String(database.prepare('PRAGMA integrity_check').get()?.integrity_check)
  const held = database.prepare('SELECT data FROM event ORDER BY offset').all()
  database.close()
  return { integrity, held: held.map(({ data }) => String(data)) }
}

function reply(message: Reply): void {
  process.send?.(message)
}
