import { createScriptedServer } from '@rxsse/testing'
import { firstValueFrom, take, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { type SourceConfig, sourceFromConfig } from './index.ts'
import { parseHeaderList, parseSourceConfig, substitute } from './source-config.ts'

const endpoint = 'https://example.com/events'

describe('a configuration', () => {
  it('with only an endpoint reads every event as JSON', () => {
    expect(parseSourceConfig({ endpoint })).toEqual({
      endpoint,
      headers: [],
      events: undefined,
      format: 'json',
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
