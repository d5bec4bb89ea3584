import 'reflect-metadata'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createHttp2Server, createSecureServer } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { All, Controller, Module, Req, Res } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { testCertificate } from '@rxsse/testing'
import compression from 'compression'
import express from 'express'
// @ts-expect-error It has no types under this name. It takes the same listeners as version 5.
import express4 from 'express-4'
import fastify from 'fastify'
import { H3, toNodeHandler } from 'h3/node'
import {
  createApp as createH3App,
  eventHandler as defineH3Handler,
  toNodeListener as toH3Listener,
} from 'h3-v1'
import { Hono } from 'hono'
import Koa from 'koa'
import { onTestFinished } from 'vitest'
import type { NodeHandler } from '../src/adapter/node.ts'
import { serveSinks } from '../src/adapter/serve-sinks.ts'
import type { StreamEndpoint } from '../src/http/stream-endpoint.ts'
import { openHttp2Reader, openReader, type Reader, type ReaderOptions } from './reader.ts'

type Endpoint = Pick<StreamEndpoint, 'handler' | 'fetch' | 'fastify' | 'koa' | 'h3'>

/** A server to mount a sink or a `streamTo` in, and its client. */
export interface Adapter {
  readonly name: string
  /** Whether responses use HTTP/2. */
  readonly http2: boolean
  /** Serves the endpoint at `/live` and resolves to the URL. */
  mount(endpoint: Endpoint): Promise<string>
  open(url: string, options?: ReaderOptions): Promise<Reader>
}

export const ADAPTERS: readonly Adapter[] = [
  http1('node:http', ({ handler }) => listen(createServer(handler))),
  http1('serveSinks with takeover', async ({ handler }) => {
    const { url, server } = await serveSinks({
      port: 0,
      basePath: '/',
      sinks: { live: { handler, close: async () => {} } },
    })
    onTestFinished(() => void server.close())
    return url
  }),
  http1('node:https', ({ handler }) => listen(createHttpsServer(testCertificate, handler))),
  http2('node:http2 in the clear', ({ handler }) => listen(createHttp2Server(handler))),
  http2('node:http2 with TLS', ({ handler }) => listen(createSecureServer(testCertificate, handler))),
  http1('node:http2 with TLS, requested over HTTP/1.1', ({ handler }) =>
    listen(createSecureServer({ ...testCertificate, allowHTTP1: true }, handler)),
  ),
  http1('Express', ({ handler }) => listen(createServer(express().use('/live', handler)))),
  http1('Express 4', ({ handler }) => listen(createServer(express4().use('/live', handler)))),
  http1('Express behind compression', ({ handler }) =>
    listen(
      createServer(
        express()
          .use(compression({ threshold: 0 }))
          .use('/live', handler),
      ),
    ),
  ),
  http1('Fastify', async ({ fastify: plugin }) => {
    const app = fastify()
    onTestFinished(() => app.close())
    await app.register(plugin, { path: '/live' })
    return app.listen({ port: 0, host: '127.0.0.1' })
  }),
  http2('Fastify over HTTP/2', async ({ fastify: plugin }) => {
    const app = fastify({ http2: true, https: testCertificate })
    onTestFinished(() => app.close())
    await app.register(plugin, { path: '/live' })
    return app.listen({ port: 0, host: '127.0.0.1' })
  }),
  http1('Hono', ({ fetch }) => {
    const app = new Hono().all('/live', (c) => fetch(c.req.raw))
    return listen(createAdaptorServer({ fetch: app.fetch }) as Server)
  }),
  http1('NestJS', ({ handler }) => listenNest(handler, new ExpressAdapter())),
  http1('NestJS on Fastify', ({ handler }) =>
    listenNest(handler, new FastifyAdapter({ forceCloseConnections: true })),
  ),
  http1('Koa', ({ koa }) =>
    listen(createServer(new Koa().use((ctx, next) => (ctx.path === '/live' ? koa(ctx) : next())).callback())),
  ),
  http1('h3 version 1', ({ h3 }) => {
    const app = createH3App()
    app.use('/live', defineH3Handler(h3))
    return listen(createServer(toH3Listener(app)))
  }),
  http1('h3 version 2', ({ h3 }) => {
    const app = new H3().all('/live', h3)
    return listen(createServer(toNodeHandler(app)))
  }),
]

function http1(name: string, start: (endpoint: Endpoint) => Promise<string>): Adapter {
  return { name, http2: false, mount: async (endpoint) => `${await start(endpoint)}/live`, open: openReader }
}

function http2(name: string, start: (endpoint: Endpoint) => Promise<string>): Adapter {
  return { ...http1(name, start), http2: true, open: openHttp2Reader }
}

async function listenNest(handler: NodeHandler, adapter: ExpressAdapter | FastifyAdapter): Promise<string> {
  const module = createNestModule(handler)
  const options = { logger: false, forceCloseConnections: true } as const
  const app = await NestFactory.create(module, adapter, options)
  onTestFinished(() => app.close())
  await app.listen(0, '127.0.0.1')
  return resolveOrigin(app.getHttpServer() as Server)
}

interface ListeningServer {
  listen(port: number, host: string): unknown
  address(): AddressInfo | string | null
  close(done?: () => void): unknown
  on(event: 'connection' | 'listening', listener: (socket: Socket) => void): unknown
}

async function listen(server: ListeningServer & NodeJS.EventEmitter): Promise<string> {
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
  return resolveOrigin(server)
}

function resolveOrigin(server: Pick<ListeningServer, 'address'> & object): string {
  const secure = 'setSecureContext' in server
  return `${secure ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The module of `@Controller() class { @All('live') live(@Req() request, @Res() response) }`. */
function createNestModule(handler: NodeHandler): new () => object {
  class LiveController {
    live(request: Parameters<NodeHandler>[0], response: Parameters<NodeHandler>[1]): void {
      handler(request, response)
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(LiveController.prototype, 'live')
  if (descriptor === undefined) throw new Error('the class has no method live')
  Controller()(LiveController)
  All('live')(LiveController.prototype, 'live', descriptor)
  Req()(LiveController.prototype, 'live', 0)
  Res()(LiveController.prototype, 'live', 1)
  class LiveModule {}
  Module({ controllers: [LiveController] })(LiveModule)
  return LiveModule
}
