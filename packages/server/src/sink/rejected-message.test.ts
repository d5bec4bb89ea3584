import type { SseMessage } from '@rxsse/shared'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe, expect, it } from 'vitest'
import { readLastEventId, type SinkRequest } from '../http/request.ts'
import type { Target } from './message.ts'
import { createSink } from './sink.ts'

describe('publish refuses', () => {
  it.each<[string, unknown, unknown, string]>([
    ['no target', { data: 1 }, null, "the target is null; it must be 'all', {room: name} or {user: id}"],
    [
      'a target of another kind',
      { data: 1 },
      { group: 'a' },
      'the target is an object with group; it must be',
    ],
    ['a room that is no string', { data: 1 }, { room: 5 }, 'target.room is number; it must be a string'],
    ['a type that is no string', { type: 5, data: 1 }, 'all', 'message.type is number; it must be a string'],
    [
      'data whose toJSON throws a string',
      {
        data: {
          toJSON() {
            throw 'a string'
          },
        },
      },
      'all',
      'message.data cannot be written as JSON: a string',
    ],
  ])('%s', async (_, message, target, text) => {
    await expect(createSink().publish(message as SseMessage, target as Target)).rejects.toThrow(text)
  })

  it('data that does not fit its schema, with the path of the problem', async () => {
    const schema: StandardSchemaV1 = {
      '~standard': {
        version: 1,
        vendor: 'a test',
        validate: () => ({ issues: [{ message: 'wrong', path: [{ key: 'list' }, 0, 'name'] }] }),
      },
    }
    await expect(createSink({ events: { a: schema } }).publish({ type: 'a', data: 1 })).rejects.toThrow(
      "message.data does not fit the schema of 'a': list.0.name: wrong",
    )
  })
})

describe('createSink refuses', () => {
  it.each([true, {}])('the heartbeat interval %j', (interval) => {
    expect(() => createSink({ heartbeat: { interval: interval as never } })).toThrow(
      /^heartbeat\.interval must be a duration .* not (the boolean true|an object with no keys)/,
    )
  })
})

describe('an event read from another stream', () => {
  it.each<[string, object, string]>([
    ['is sent with its lastEventId as id', { data: 'x', lastEventId: '7' }, 'id: 7\ndata: x\n\n'],
    ['is sent without an id if its lastEventId is no string', { data: 'x', lastEventId: 7 }, 'data: x\n\n'],
  ])('%s', async (_, event, text) => {
    const sink = createSink({ heartbeat: false, retry: false })
    const { body } = await sink.fetch(new Request('http://localhost/'))
    const read = new Response(body).text()
    sink.next(event as SseMessage)
    await sink.close()
    expect(await read).toContain(text)
  })
})

describe('readLastEventId', () => {
  it('returns an id that the runtime has decoded already', () => {
    const headers = { get: () => 'ą' } as unknown as Headers
    expect(readLastEventId({ headers, url: new URL('http://localhost/') } as SinkRequest)).toBe('ą')
  })
})
