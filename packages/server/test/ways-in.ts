import 'reflect-metadata'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createHttp2Server, createSecureServer } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { All, Controller, Module, Req, Res } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { testCertificate } from '@rxsse/testing'
import compression from 'compression'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { onTestFinished } from 'vitest'
import type { FastifyPlugin } from '../src/adapter/fastify.ts'
import type { FetchHandler } from '../src/adapter/fetch.ts'
import type { NodeHandler } from '../src/adapter/node.ts'
import { serveSinks } from '../src/adapter/serve-sinks.ts'
import { openHttp2Reader, openReader, type Reader, type ReaderOptions } from './reader.ts'

/** What a sink and a `streamTo` have alike. */
export interface Mountable {
  readonly handler: NodeHandler
  readonly fetch: FetchHandler
  readonly fastify: FastifyPlugin
}

export interface WayIn {
  readonly name: string
  /** Whether responses go by way of HTTP/2. */
  readonly http2: boolean
  /** Serves it at `/live`; gives the URL of that. */
  mount(mountable: Mountable): Promise<string>
  open(url: string, options?: ReaderOptions): Promise<Reader>
}

export const waysIn: readonly WayIn[] = [
  over1('node:http', ({ handler }) => listening(createServer(handler))),
  over1('serveSinks, which takes connections over', async ({ handler }) => {
    const { url, server } = await serveSinks({
      port: 0,
      basePath: '/',
      sinks: { live: { handler, close: async () => {} } },
    })
    onTestFinished(() => void server.close())
    return url
  }),
  over1('node:https', ({ handler }) => listening(createHttpsServer(testCertificate, handler))),
  over2('node:http2 in the clear', ({ handler }) => listening(createHttp2Server(handler))),
  over2('node:http2 with TLS', ({ handler }) => listening(createSecureServer(testCertificate, handler))),
  over1('node:http2 with TLS, asked by HTTP/1.1', ({ handler }) =>
    listening(createSecureServer({ ...testCertificate, allowHTTP1: true }, handler)),
  ),
  over1('Express', ({ handler }) => listening(createServer(express().use('/live', handler)))),
  over1('Express behind compression', ({ handler }) =>
    listening(
      createServer(
        express()
          .use(compression({ threshold: 0 }))
          .use('/live', handler),
      ),
    ),
  ),
  over1('Fastify', async ({ fastify: plugin }) => {
    const app = fastify()
    onTestFinished(() => app.close())
    await app.register(plugin, { path: '/live' })
    return app.listen({ port: 0, host: '127.0.0.1' })
  }),
  over2('Fastify over HTTP/2', async ({ fastify: plugin }) => {
    const app = fastify({ http2: true, https: testCertificate })
    onTestFinished(() => app.close())
    await app.register(plugin, { path: '/live' })
    return app.listen({ port: 0, host: '127.0.0.1' })
  }),
  over1('Hono', ({ fetch }) => {
    const app = new Hono().all('/live', (c) => fetch(c.req.raw))
    return listening(createAdaptorServer({ fetch: app.fetch }) as Server)
  }),
  over1('NestJS', async ({ handler }) => {
    const app = await NestFactory.create(nestModule(handler), { logger: false, forceCloseConnections: true })
    onTestFinished(() => app.close())
    await app.listen(0, '127.0.0.1')
    return originOf(app.getHttpServer() as Server)
  }),
]

function over1(name: string, origin: (mountable: Mountable) => Promise<string>): WayIn {
  return {
    name,
    http2: false,
    mount: async (mountable) => `${await origin(mountable)}/live`,
    open: openReader,
  }
}

function over2(name: string, origin: (mountable: Mountable) => Promise<string>): WayIn {
  return {
    name,
    http2: true,
    mount: async (mountable) => `${await origin(mountable)}/live`,
    open: openHttp2Reader,
  }
}

interface Listening {
  listen(port: number, host: string): unknown
  address(): AddressInfo | string | null
  close(done?: () => void): unknown
  on(event: 'connection' | 'listening', listener: (socket: Socket) => void): unknown
}

async function listening(server: Listening & NodeJS.EventEmitter): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return originOf(server)
}

function originOf(server: Pick<Listening, 'address'> & object): string {
  const secure = 'setSecureContext' in server
  return `${secure ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** What decorators would write: `@Controller() class { @All('live') live(@Req() request, @Res() response) }`. */
function nestModule(handler: NodeHandler): new () => object {
  class LiveController {
    live(request: Parameters<NodeHandler>[0], response: Parameters<NodeHandler>[1]): void {
      handler(request, response)
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(LiveController.prototype, 'live')
  if (descriptor === undefined) throw new Error('a class has its methods')
  Controller()(LiveController)
  All('live')(LiveController.prototype, 'live', descriptor)
  Req()(LiveController.prototype, 'live', 0)
  Res()(LiveController.prototype, 'live', 1)
  class LiveModule {}
  Module({ controllers: [LiveController] })(LiveModule)
  return LiveModule
}
