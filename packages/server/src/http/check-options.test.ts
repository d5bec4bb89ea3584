import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NEVER } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { headerRules } from '../access/header-rules.ts'
import { serveSinks } from '../adapter/serve-sinks.ts'
import { clusterLog } from '../cluster/cluster-log.ts'
import { fromLog } from '../log/from-log.ts'
import { memoryLog } from '../log/memory-log.ts'
import { sqliteLog } from '../log/sqlite-log.ts'
import { createSink } from '../sink/sink.ts'
import { streamTo } from '../stream-to/stream-to.ts'

/** Options that plain JavaScript may give. Each would be ignored, or fail at every request. */
const OF_BOTH: readonly (readonly [string, object])[] = [
  ['access', { access: { allow: true } }],
  ['identify', { identify: 'x-user' }],
  ['rooms.authorize', { rooms: { authorize: true } }],
  ['rooms.authorize', { rooms: {} }],
  ['trustQueryUser', { trustQueryUser: 'false' }],
  ['takeover', { takeover: 'false' }],
  ['random', { random: 0.5 }],
  ['onError', { onError: 'ignore' }],
  ['heartbeat', { heartbeat: '30s' }],
  ['heartbeat', { heartbeat: 30_000 }],
  ['heartbeat', { heartbeat: true }],
  ['heartbeat', { heartbeat: null }],
  ['limits', { limits: 100 }],
  ['slowClient', { slowClient: 'coalesce' }],
  ['options', '/events' as never],
  ['options', null as never],
  ['limits.key', { limits: { key: 'x-real-ip' } }],
  ['slowClient.key', { slowClient: { key: 'id' } }],
  ['slowClient.notice', { slowClient: { notice: { data: 1 } } }],
  ['cors.credentials', { cors: { origins: ['https://a.example'], credentials: 'false' } }],
  ['cors.headers', { cors: { origins: '*', headers: 'x-a' } }],
  ['cors.headers', { cors: { origins: '*', headers: ['x a'] } }],
  ['cors.exposedHeaders', { cors: { origins: '*', exposedHeaders: 'x-a' } }],
  ['cors.exposedHeaders', { cors: { origins: '*', exposedHeaders: ['x\r\ny'] } }],
]

describe('createSink', () => {
  it.each<readonly [string, object]>([
    ...OF_BOTH,
    ['log', { log: true }],
    ['log', { log: memoryLog }],
    ['log', { log: { capacity: 1_000 } }],
    ['match', { match: () => true }],
    ['match', { match: ['price', 1] }],
    ['onComplete', { onComplete: 'Close' }],
    ['compression', { compression: 'gzip' }],
    ['compression', { compression: true }],
    ['allowEarliest', { allowEarliest: 'false' }],
    ['topic', { topic: 'type' }],
    ['sourceId', { sourceId: 'id' }],
    ['onRejected', { onRejected: true }],
  ])('refuses a wrong %s: %j', (option, options) => {
    expect(() => createSink(options as never)).toThrow(new RegExp(`^${option} must be .*, not `))
  })
})

describe('streamTo', () => {
  it.each<readonly [string, object]>([
    ...OF_BOTH,
    ['methods', { methods: 'POST' }],
    ['methods', { methods: ['post'] }],
    ['methods', { methods: [] }],
    ['head', { head: 'first event' }],
    ['whenGone', { whenGone: 'stop' }],
    ['errorStatus', { errorStatus: 502 }],
    ['errorMessage', { errorMessage: { data: 'sorry' } }],
  ])('refuses a wrong %s: %j', (option, options) => {
    expect(() => streamTo(() => NEVER, options as never)).toThrow(new RegExp(`^${option} must be .*, not `))
  })

  it('refuses anything but a function', () => {
    expect(() => streamTo(NEVER as never)).toThrow(/^streamTo: project must be a function, not an object/)
  })
})

describe('a name that is no option is an error that says the nearest', () => {
  const origins = '*' as const
  const ofBoth: readonly (readonly [string, string, object])[] = [
    ['acces', 'access', { acces: () => ({ allow: true }) }],
    ['slowclient', 'slowClient', { slowclient: {} }],
    ['limits.conections', 'limits.connections', { limits: { conections: 5 } }],
    ['heartbeat.intervall', 'heartbeat.interval', { heartbeat: { intervall: '15s' } }],
    ['slowClient.maxMessage', 'slowClient.maxMessages', { slowClient: { maxMessage: 5 } }],
    ['cors.credential', 'cors.credentials', { cors: { origins, credential: true } }],
    ['rooms.authorise', 'rooms.authorize', { rooms: { authorize: () => true, authorise: () => true } }],
  ]

  it.each<readonly [string, string, () => unknown]>([
    ...ofBoth.map(([name, nearest, options]) => [name, nearest, () => createSink(options)] as const),
    ...ofBoth.map(
      ([name, nearest, options]) => [name, nearest, () => streamTo(() => NEVER, options)] as const,
    ),
    ['newcomer', 'newcomers', () => createSink({ newcomer: 'earliest' } as never)],
    ['method', 'methods', () => streamTo(() => NEVER, { method: ['POST'] } as never)],
    ['memoryLog: capacty', 'memoryLog: capacity', () => memoryLog({ capacty: 5 } as never)],
    ['sqliteLog: paths', 'sqliteLog: path', () => sqliteLog({ path: FILE, paths: FILE } as never)],
    ['fromLog: folow', 'fromLog: follow', () => fromLog(memoryLog(), { folow: false } as never)],
    ['headerRules: Env', 'headerRules: env', () => headerRules({}, { Env: {} } as never)],
    ['clusterLog: timout', 'clusterLog: timeout', () => clusterLog({ timout: '1s' } as never)],
  ])('%s: %s', (name, nearest, create) => {
    expect(create).toThrow(new TypeError(`${name} is no option, the nearest is ${nearest}`))
  })

  it('serveSinks: basepath', async () => {
    await expect(serveSinks({ port: 0, sinks: {}, basepath: '/live' } as never)).rejects.toThrow(
      /^serveSinks: basepath is no option, the nearest is serveSinks: basePath$/,
    )
  })

  it('one that is undefined says nothing', () => {
    expect(() => createSink({ acces: undefined } as never)).not.toThrow()
  })
})

describe('a log', () => {
  it.each<[() => unknown, RegExp]>([
    [() => memoryLog({ ids: 'own' as never }), /^memoryLog: ids must be 'epoch' or 'message', not/],
    [
      () => sqliteLog({ path: FILE, ids: 'own' as never }),
      /^sqliteLog: ids must be 'epoch' or 'message', not/,
    ],
    [
      () => sqliteLog({ path: FILE, synchronous: 'off' as never }),
      /^sqliteLog: synchronous must be 'normal' or 'full', not/,
    ],
  ])('refuses wrong options', (create, message) => {
    expect(create).toThrow(message)
  })
})

const FILE = join(tmpdir(), 'rxsse-never-created.db')
