import { writeSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createSink, memoryLog, type SinkOptions, serveSinks } from '@rxsse/server'
import type { SSEStreamingApi } from 'hono/streaming'
import { Subject } from 'rxjs'
import { encodePrice, type PriceMessage } from './messages.ts'

/** A server under measurement: where it listens, and how it is told to send the events of one tick. */
export interface Broadcaster {
  readonly url: string
  send(messages: readonly PriceMessage[]): void
  /** Where another process serves. */
  cpuUsage?(): NodeJS.CpuUsage
  stop?(): void | Promise<void>
}

// Frameworks are loaded by those who need them: every measurement starts a process.

/** As little done as there can be by the public means of Node: one chunk for everybody, written to each socket. */
export function bareLoop(): Promise<Broadcaster> {
  return bare((socket, chunk) => socket.write(chunk))
}

/** The floor: what the system call alone costs, with nothing of Node around it. It fails where a reader does not keep up. */
export function bareCalls(): Promise<Broadcaster> {
  return bare((socket, chunk) => {
    const { fd } = (socket as Socket & { readonly _handle: { readonly fd: number } })._handle
    if (writeSync(fd, chunk) !== chunk.length) throw new Error('a reader is behind')
  })
}

async function bare(write: (socket: Socket, chunk: Buffer) => void): Promise<Broadcaster> {
  const sockets: Socket[] = []
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.flushHeaders()
    if (response.socket) sockets.push(response.socket)
  })
  return {
    url: await listening(server),
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

export async function sinkHandler(options?: SinkOptions): Promise<Broadcaster> {
  const sink = createSink(options)
  return { url: await listening(createServer(sink.handler)), send: (messages) => messages.forEach(sink.next) }
}

export async function sinkWithLog(): Promise<Broadcaster> {
  return sinkHandler({ log: memoryLog({ ids: 'message' }) })
}

export async function sinkServed(options?: SinkOptions): Promise<Broadcaster> {
  const sink = createSink(options)
  const { url } = await serveSinks({ port: 0, sinks: { prices: sink } })
  return { url: `${url}/prices`, send: (messages) => messages.forEach(sink.next) }
}

export async function betterSse(): Promise<Broadcaster> {
  const { createChannel, createSession } = await import('better-sse')
  const channel = createChannel()
  const server = createServer(async (request, response) => {
    channel.register(await createSession(request, response))
  })
  return {
    url: await listening(server),
    send(messages) {
      for (const { data, type, id } of messages) channel.broadcast(data, type, { eventId: id })
    },
  }
}

export async function plainWrite(): Promise<Broadcaster> {
  const responses: Parameters<RequestListener>[1][] = []
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.flushHeaders()
    responses.push(response)
  })
  return {
    url: await listening(server),
    send(messages) {
      for (const message of messages) {
        const text = encodePrice(message)
        for (const response of responses) response.write(text)
      }
    },
  }
}

export async function hono(): Promise<Broadcaster> {
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
    url: await listening(createAdaptorServer({ fetch: app.fetch }) as Server),
    send(messages) {
      for (const { type, id, data } of messages) {
        const text = JSON.stringify(data)
        for (const stream of streams) void stream.writeSSE({ event: type, id, data: text })
      }
    },
  }
}

export async function nest(): Promise<Broadcaster> {
  await import('reflect-metadata')
  const { Controller, Module, Sse } = await import('@nestjs/common')
  const { NestFactory } = await import('@nestjs/core')
  const prices = new Subject<PriceMessage>()
  class PriceController {
    live(): Subject<PriceMessage> {
      return prices
    }
  }
  // What decorators would write.
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

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4096, resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
