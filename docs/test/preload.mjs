// Loaded before the program of a page. It redirects other hosts to local servers, listens on free ports, and reports
// console output with its line. The program itself runs unchanged.
import cluster from 'node:cluster'
import { readFileSync, writeSync } from 'node:fs'
import { flushCompileCache, syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import tls from 'node:tls'
import { fileURLToPath } from 'node:url'
import { format } from 'node:util'
import { EventSource } from 'eventsource'

const { program, http, https, redis, ca } = JSON.parse(process.env.RXSSE_PAGE ?? '{}')
delete process.env.RXSSE_PAGE

const code = program ? readFileSync(fileURLToPath(program), 'utf8') : ''
// What browsers have, and Node does not.
globalThis.EventSource ??= EventSource
// A page does not exit while its `EventSource` waits to reconnect, as this one lets a process do.
if (code.includes('new EventSource(') && !/^import .*EventSource/m.test(code)) setInterval(() => {}, 2 ** 30)
if (code.includes('fetch-event-source')) {
  // It asks whether the page is hidden.
  globalThis.window = globalThis
  globalThis.document = { hidden: false, addEventListener() {}, removeEventListener() {} }
}

let isKept = false
/** A program that is killed would leave nothing in the compile cache. */
const keepCompiled = () => {
  if (!isKept) flushCompileCache()
  isKept = true
}

/** Sends one line of JSON to the runner. It writes synchronously, so that an exit loses nothing. */
const report = (what) => {
  keepCompiled()
  if (cluster.isPrimary) writeSync(3, `${JSON.stringify(what)}\n`)
  // A worker has its IPC channel there. Its primary passes on only the port.
  else if (what.port !== undefined) process.send({ listens: what })
}
const reported = new Set()
cluster.on('message', (_, { listens }) => {
  if (listens === undefined || reported.has(listens.wanted)) return
  reported.add(listens.wanted)
  report(listens)
})

/** The actual port for each port that the program listens on, or a promise of it. */
const listening = new Map()
const isHere = (host) => host === undefined || /^(localhost|127\.\d+\.\d+\.\d+|::1|0\.0\.0\.0)$/.test(host)

const connect = net.Socket.prototype.connect
net.Socket.prototype.connect = function (...args) {
  const list = Array.isArray(args[0]) ? args[0] : args
  if (typeof list[0] === 'number')
    list[0] = { port: list[0], host: typeof list[1] === 'string' ? list[1] : 'localhost' }
  const options = list[0]
  if (typeof options === 'object' && options?.port !== undefined && options.path == null) {
    const port = Number(options.port)
    if (!isHere(options.host))
      list[0] = { ...options, host: '127.0.0.1', port: this instanceof tls.TLSSocket ? https : http }
    else if (listening.has(port)) {
      const real = listening.get(port)
      if (typeof real !== 'number') {
        // The server is not listening yet. Writes are queued, as on a connecting socket.
        this.connecting = true
        real.then(() => net.Socket.prototype.connect.apply(this, args))
        return this
      }
      list[0] = { ...options, host: '127.0.0.1', port: real }
    } else if (port === 6379 && redis) list[0] = { ...options, host: '127.0.0.1', port: redis }
  }
  return connect.apply(this, args)
}

// Trusts the test certificate, which is only valid for this machine.
const secure = tls.connect
tls.connect = (...args) => {
  const options = args.find((arg) => typeof arg === 'object' && arg !== null)
  if (options !== undefined && !isHere(options.host))
    Object.assign(options, { ca, checkServerIdentity: () => undefined })
  return secure(...args)
}
syncBuiltinESMExports()

const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (...args) {
  const options = typeof args[0] === 'object' && args[0] !== null ? args[0] : { port: args[0], host: args[1] }
  const wanted = Number(options.port ?? 0)
  if (options.path !== undefined || options.fd !== undefined) return listen.apply(this, args)
  const bound = new Promise((resolve) => this.prependOnceListener('listening', resolve)).then(() => {})
  if (wanted > 0) listening.set(wanted, bound)
  this.prependOnceListener('listening', () => {
    const { port } = this.address()
    listening.set(wanted || port, port)
    // A server that closes at once has only looked whether the port is free.
    setImmediate(() => {
      if (this.listening) report({ wanted, port })
    })
  })
  const done = args.find((arg) => typeof arg === 'function')
  return listen.call(this, { port: 0, host: '127.0.0.1' }, ...(done ? [done] : []))
}

for (const name of ['log', 'info', 'warn', 'error', 'table']) {
  const original = console[name]
  console[name] = (...args) => {
    const frame = new Error().stack
      .split('\n')
      .find((line) => line.includes(program) || line.includes(fileURLToPath(program)))
    const line = Number(/:(\d+):\d+\)?$/.exec(frame ?? '')?.[1] ?? 0)
    report({ line, text: name === 'table' ? '(a table)' : format(...args) })
    if (name === 'table') original.apply(console, args)
  }
}
