import { writeSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createSink, memoryLog, type SinkOptions, serveSinks } from '@rxsse/server'
import type { SSEStreamingApi } from 'hono/streaming'
import { Subject } from 'rxjs'
import { encodePrice, type PriceMessage } from './messages.ts'

/** A measured server. `send` sends the events of one tick. */
export interface Broadcaster {
  readonly url: string
  send(messages: readonly PriceMessage[]): void
  /** The CPU time of the serving process, if that is another one. */
  cpuUsage?(): NodeJS.CpuUsage
  stop?(): void | Promise<void>
}

// Each contender loads its own framework, because every measurement starts a new process.

/** The minimum with Node's public API: one shared chunk, written to each socket. */
export function createBareLoop(): Promise<Broadcaster> {
  return createBare((socket, chunk) => socket.write(chunk))
}

/** The lower bound: only the system call, without Node's streams. Throws if a reader falls behind. */
export function createBareCalls(): Promise<Broadcaster> {
  return createBare((socket, chunk) => {
    const { fd } = (socket as Socket & { readonly _handle: { readonly fd: number } })._handle
    if (writeSync(fd, chunk) !== chunk.length) throw new Error('a reader fell behind')
  })
}

async function createBare(write: (socket: Socket, chunk: Buffer) => void): Promise<Broadcaster> {
  const sockets: Socket[] = []
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.flushHeaders()
    if (response.socket) sockets.push(response.socket)
  })
  return {
    url: await listen(server),
    send(messages) {
      const bytes = Buffer.from(messages.map(encodePrice).join(''))
      const chunk = Buffer.concat([
        Buffer.from(`${bytes.length.toString(16)}\r\n`),
        bytes,
        Buffer.from('\r\n'),
      ])
      for (const socket of sockets) write(socket, chunk)
    },
  }
}

export async function createSinkHandler(options?: SinkOptions): Promise<Broadcaster> {
  const sink = createSink(options)
  return { url: await listen(createServer(sink.handler)), send: (messages) => messages.forEach(sink.next) }
}

export async function createSinkWithLog(): Promise<Broadcaster> {
  return createSinkHandler({ log: memoryLog({ ids: 'message' }) })
}

export async function createServedSink(options?: SinkOptions): Promise<Broadcaster> {
  const sink = createSink(options)
  const { url } = await serveSinks({ port: 0, sinks: { prices: sink } })
  return { url: `${url}/prices`, send: (messages) => messages.forEach(sink.next) }
}

export async function createBetterSse(): Promise<Broadcaster> {
  const { createChannel, createSession } = await import('better-sse')
  const channel = createChannel()
  const server = createServer(async (request, response) => {
    channel.register(await createSession(request, response))
  })
  return {
    url: await listen(server),
    send(messages) {
      for (const { data, type, id } of messages) channel.broadcast(data, type, { eventId: id })
    },
  }
}

export async function createPlainWrite(): Promise<Broadcaster> {
  const responses: Parameters<RequestListener>[1][] = []
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.flushHeaders()
    responses.push(response)
  })
  return {
    url: await listen(server),
    send(messages) {
      for (const message of messages) {
        const text = encodePrice(message)
        for (const response of responses) response.write(text)
      }
    },
  }
}

export async function createHono(): Promise<Broadcaster> {
  const { createAdaptorServer } = await import('@hono/node-server')
  const { Hono } = await import('hono')
  const { streamSSE } = await import('hono/streaming')
  const streams: SSEStreamingApi[] = []
  const app = new Hono().get('/', (c) =>
    streamSSE(c, async (stream) => {
      streams.push(stream)
      await new Promise<void>((resolve) => stream.onAbort(resolve))
    }),
  )
  return {
    url: await listen(createAdaptorServer({ fetch: app.fetch }) as Server),
    send(messages) {
      for (const { type, id, data } of messages) {
        const text = JSON.stringify(data)
        for (const stream of streams) void stream.writeSSE({ event: type, id, data: text })
      }
    },
  }
}

export async function createNest(): Promise<Broadcaster> {
  await import('reflect-metadata')
  const { Controller, Module, Sse } = await import('@nestjs/common')
  const { NestFactory } = await import('@nestjs/core')
  const prices = new Subject<PriceMessage>()
  class PriceController {
    live(): Subject<PriceMessage> {
      return prices
    }
  }
  // The metadata that decorators would write.
  const live = Object.getOwnPropertyDescriptor(PriceController.prototype, 'live')
  if (live) Sse('')(PriceController.prototype, 'live', live)
  Controller()(PriceController)
  class PriceModule {}
  Module({ controllers: [PriceController] })(PriceModule)
  const app = await NestFactory.create(PriceModule, { logger: false })
  await app.listen(0, '127.0.0.1')
  const { port } = (app.getHttpServer() as Server).address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    send(messages) {
      for (const message of messages) prices.next(message)
    },
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4096, resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
