import { createScriptedServer } from '@rxsse/testing'
import { firstValueFrom, take, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { type SourceConfig, type SourceConnection, sourceFromConfig } from './index.ts'
import { parseHeaderList, parseSourceConfig, substitute } from './source-config.ts'

const endpoint = 'https://example.com/events'

describe('a configuration', () => {
  it('with only an endpoint reads every event as JSON', () => {
    expect(parseSourceConfig({ endpoint })).toEqual({
      endpoint,
      headers: [],
      events: undefined,
      format: 'json',
      dropsInvalid: false,
    })
  })

  for (const [config, format] of [
    [{ format: 'raw' }, 'raw'],
    [{ format: 'json' }, 'json'],
    [{ schema: { format: { json: {} } } }, 'json'],
    [{ schema: { format: { json: { confluentSchemaRegistry: false } }, fields: [] } }, 'json'],
    [{ schema: { format: { raw_string: {} } } }, 'raw'],
    [{ schema: { format: { raw: {} } } }, 'raw'],
    [{ schema: { fields: [] } }, 'json'],
    [{ format: 'raw', schema: { format: { raw: {} } } }, 'raw'],
  ] as const) {
    it(`with ${JSON.stringify(config)} is read as ${format}`, () => {
      expect(parseSourceConfig({ endpoint, ...config }).format).toBe(format)
    })
  }

  for (const [events, parsed] of [
    ['price, Alert ,', ['price', 'Alert']],
    [
      ['price', 'a,b'],
      ['price', 'a,b'],
    ],
    ['', undefined],
    [[], undefined],
  ] as const) {
    it(`with the events ${JSON.stringify(events)} delivers ${JSON.stringify(parsed) ?? 'all'}`, () => {
      expect(parseSourceConfig({ endpoint, events }).events).toEqual(parsed)
    })
  }

  for (const [config, message] of [
    [{}, /endpoint: /],
    [{ endpoint: 'ftp://example.com/?key=hidden' }, /endpoint: expected an http or https URL$/],
    [{ endpoint, type: 'sink' }, /type: /],
    [{ endpoint, format: 'avro' }, /format: /],
    [{ endpoint, format: 'raw', schema: { format: { json: {} } } }, /format: differs from schema\.format/],
    [{ endpoint, events: [1] }, /events/],
    [{ endpoint, connector: 'kafka' }, /connector: /],
    [{ endpoint, bad_data: 'keep' }, /bad_data: /],
    [{ connector: 'kafka', config: { endpoint } }, /connector: /],
    [{ connector: 'sse', config: { endpoint: 'x?hidden' } }, /endpoint: expected an http or https URL$/],
    [{ connector: 'sse', config: { endpoint, topic: 'hidden' } }, /Unrecognized key: "topic"/],
    [{ connector: 'sse', config: 'hidden' }, /config: /],
    [{ connector: 'sse', config: { endpoint }, endpoint }, /Unrecognized key: "endpoint"/],
    [{ endpoint, header: 'x' }, /header/],
    [
      { endpoint, headers: { Authorization: 5 } },
      /headers: expected an object of strings, or a list such as 'Name: value,Name: value'$/,
    ],
    [{ endpoint, events: { a: true } }, /events: expected a list of strings, or one with commas$/],
    [
      { endpoint, schema: { format: { avro: {} } } },
      /schema\.format: expected {json: {}}, {raw: {}} or {raw_string: {}}$/,
    ],
    [{ endpoint, headers: 'Authorization' }, /headers: entry 1 of the list has no colon/],
    [undefined, /it: /],
  ] as const) {
    it(`${JSON.stringify(config)} is refused by the key that is wrong`, () => {
      expect(() => parseSourceConfig(config)).toThrow(message)
      expect(() => parseSourceConfig(config)).toThrow(/^(?!.*hidden)/)
    })
  }
})

describe('a form of a stream processor', () => {
  const headers = [
    ['Authorization', 'Bearer {{ SSE_TOKEN }}'],
    ['Accept', 'text/event-stream'],
  ]

  it('that is the body of an API request is taken word for word', () => {
    const body: SourceConnection = {
      name: 'live_updates',
      connector: 'sse',
      config: {
        endpoint: 'https://api.example.com/v1/events',
        headers: 'Authorization: Bearer {{ SSE_TOKEN }},Accept: text/event-stream',
        events: 'update,insert,delete',
      },
      schema: { format: { json: {} } },
    }
    const parsed = {
      endpoint: 'https://api.example.com/v1/events',
      headers,
      events: ['update', 'insert', 'delete'],
      format: 'json',
      dropsInvalid: false,
    }
    expect(parseSourceConfig(body)).toEqual(parsed)
    expect(parseSourceConfig({ ...body, schema: null, connection_profile_id: null })).toEqual(parsed)
    const rawSchema = { format: { raw_string: {} }, fields: [], bad_data: { fail: {} } }
    expect(parseSourceConfig({ ...body, schema: rawSchema })).toEqual({ ...parsed, format: 'raw' })
  })

  it('that is the options of CREATE TABLE is taken word for word', () => {
    const laminar: SourceConfig = {
      connector: 'sse',
      endpoint: 'https://api.service.com/sse',
      headers: 'Authorization: Bearer {{ SSE_TOKEN }},Accept: text/event-stream',
      events: 'user_action,system_event,notification',
      type: 'source',
      format: 'json',
    }
    expect(parseSourceConfig(laminar)).toMatchObject({
      headers,
      events: ['user_action', 'system_event', 'notification'],
      format: 'json',
    })
    const arroyo: SourceConfig = {
      connector: 'sse',
      format: 'raw_string',
      endpoint: 'http://mastodon.arroyo.dev/api/v1/streaming/public',
      events: 'update',
    }
    expect(parseSourceConfig(arroyo)).toMatchObject({ events: ['update'], format: 'raw' })
  })

  it('is read, and drops bad data if it says so', async () => {
    await using server = await createScriptedServer(() => ({
      status: 200,
      body: ['event: update\ndata: {\n\nevent: update\ndata: {"n": 1}\n\n', 'HOLD'],
    }))
    const connection = { connector: 'sse', config: { endpoint: server.url, bad_data: 'drop' } } as const
    expect(await firstValueFrom(sourceFromConfig(connection))).toMatchObject({ data: { n: 1 } })
    const flat = { connector: 'sse', endpoint: server.url, bad_data: 'fail' } as const
    await expect(firstValueFrom(sourceFromConfig(flat))).rejects.toThrow(/is not JSON/)
  })
})

describe('a list of headers', () => {
  it('is split at commas, but not at those that are escaped', () => {
    expect(parseHeaderList('Accept: a\\,b ,X-Time: 10:30,')).toEqual([
      ['Accept', 'a,b'],
      ['X-Time', '10:30'],
    ])
  })
})

describe('a variable', () => {
  const dollar = (name: string): string => `$\{${name}}`
  const env = { TOKEN: 'se,cret', EMPTY: '', NESTED: '{{ TOKEN }}' }

  it('stands for its value, in both spellings, once', () => {
    expect(substitute(`a {{ TOKEN }} ${dollar('TOKEN')} {{TOKEN}}`, env, 'k')).toBe(
      'a se,cret se,cret se,cret',
    )
    expect(substitute(`[${dollar('EMPTY')}]`, env, 'k')).toBe('[]')
    expect(substitute('{{ NESTED }}', env, 'k')).toBe('{{ TOKEN }}')
  })

  it('that is missing is named without any value', () => {
    const use = () => sourceFromConfig({ endpoint, headers: 'A: {{ TOKEN }} {{ OTHER }}' }, { env })
    expect(use).toThrow('headers.A: the variable OTHER is not set')
    expect(use).toThrow(/^(?!.*cret)/)
    expect(() => substitute(dollar('toString'), env, 'k')).toThrow('k: the variable toString is not set')
  })
})

describe('the source', () => {
  it('sends its headers, delivers its events, and parses their data', async () => {
    await using server = await createScriptedServer([
      {
        status: 200,
        body: [
          'event: a\ndata: {"n": 1}\n\nevent: b\ndata: 2\n\nevent: A\ndata: 3\n\nevent: a\ndata: 4\n\n',
          'HOLD',
        ],
      },
    ])
    const config: SourceConfig = {
      type: 'source',
      endpoint: server.url,
      headers: 'Authorization: Bearer {{ TOKEN }},X-Client: a\\,b',
      events: 'a',
    }
    const events = await firstValueFrom(
      sourceFromConfig(config, { env: { TOKEN: 'x,y' } }).pipe(take(2), toArray()),
    )
    expect(events).toEqual([
      { type: 'a', data: { n: 1 }, lastEventId: '' },
      { type: 'a', data: 4, lastEventId: '' },
    ])
    expect(server.requests[0]?.headers).toMatchObject({ authorization: 'Bearer x,y', 'x-client': 'a,b' })
  })

  it('does not parse raw data', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['data: {"n":\ndata: 1}\n\n', 'HOLD'] },
    ])
    const event = await firstValueFrom(sourceFromConfig({ endpoint: server.url, format: 'raw' }))
    expect(event.data).toBe('{"n":\n1}')
  })

  it('errors at data that is not JSON', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['id: 7\ndata: {\n\n', 'HOLD'] }])
    await expect(firstValueFrom(sourceFromConfig({ endpoint: server.url }))).rejects.toThrow(
      "the data of the event 'message' with the last event ID '7' is not JSON",
    )
    expect(await server.closed(0)).toBe('client')
  })

  it('passes such data to onInvalid if it is given', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['data: {\n\ndata: null\n\n', 'HOLD'] },
    ])
    const invalid: string[] = []
    const event = await firstValueFrom(
      sourceFromConfig({ endpoint: server.url }, { onInvalid: ({ data }) => invalid.push(data) }),
    )
    expect(event.data).toBe(null)
    expect(invalid).toEqual(['{'])
  })
})

it('knows only the variables in env if there is no process', () => {
  const { process } = globalThis
  const config = { endpoint, headers: { 'X-Home': '{{ HOME }}' } }
  Reflect.deleteProperty(globalThis, 'process')
  try {
    expect(() => sourceFromConfig(config)).toThrow(/HOME/)
    expect(() => sourceFromConfig(config, { env: { HOME: '/' } })).not.toThrow()
  } finally {
    globalThis.process = process
  }
})
