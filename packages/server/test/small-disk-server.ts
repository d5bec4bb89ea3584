// A server whose log lies on a disk that may be full. Its parent says what to do, and is told what came of it.
// Arguments: the folder, how many entries the log keeps.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sqliteLog } from '../src/log/sqlite-log.ts'
import { SinkError } from '../src/sink/errors.ts'
import { createSink } from '../src/sink/sink.ts'

export type Order =
  | { readonly publish: string }
  | { readonly fill: true }
  | { readonly free: true }
  | { readonly close: true }

export type SinkResponse =
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
  say({ port: (server.address() as AddressInfo).port, origin: (await log.head()).id })
})

process.on('message', async (order: Order) => {
  if ('publish' in order) say(await publish(order.publish))
  else if ('fill' in order) say(fill())
  else if ('free' in order) say(free())
  else say(await close())
})
process.on('disconnect', () => process.exit())

async function publish(data: string): Promise<SinkResponse> {
  try {
    const { id } = await sink.publish({ data }, 'all', { sourceId: data })
    return { id }
  } catch (error) {
    const cause = error instanceof SinkError && error.cause instanceof Error ? error.cause.message : ''
    return { refused: `${error instanceof SinkError ? error.code : error}: ${cause}` }
  }
}

function fill(): SinkResponse {
  const file = openSync(filler, 'w')
  for (const piece of [65_536, 4_096, 1]) {
    try {
      while (true) writeSync(file, Buffer.alloc(piece))
    } catch {}
  }
  closeSync(file)
  return { done: true }
}

function free(): SinkResponse {
  rmSync(filler, { force: true })
  return { done: true }
}

async function close(): Promise<SinkResponse> {
  await sink.close({ drain: 0 })
  const database = new DatabaseSync(path)
  const integrity = String(database.prepare('PRAGMA integrity_check').get()?.integrity_check)
  const held = database.prepare('SELECT data FROM event ORDER BY offset').all()
  database.close()
  return { integrity, held: held.map(({ data }) => String(data)) }
}

function say(answer: SinkResponse): void {
  process.send?.(answer)
}
