import { describe, expect, it } from 'vitest'
import { lastEventIdOf, type SinkRequest } from '../http/request.ts'
import type { StandardSchema } from '../standard-schema.ts'
import type { SseMessage, Target } from './message.ts'
import { createSink } from './sink.ts'

describe('publish refuses', () => {
  it.each<[string, unknown, unknown, string]>([
    ['no target', { data: 1 }, null, "the target is null; it must be 'all', {room: name} or {user: id}"],
    ['a target of another kind', { data: 1 }, { group: 'a' }, 'the target is {"group":"a"}; it must be'],
    ['a room that is no text', { data: 1 }, { room: 5 }, 'target.room is number; it must be a string'],
    ['a type that is no text', { type: 5, data: 1 }, 'all', 'message.type is number; it must be a string'],
    [
      'data that throws something strange',
      {
        data: {
          toJSON() {
            throw 'a fit'
          },
        },
      },
      'all',
      'message.data cannot be written as JSON: a fit',
    ],
  ])('%s', async (_, message, target, text) => {
    await expect(createSink().publish(message as SseMessage, target as Target)).rejects.toThrow(text)
  })

  it('data that its schema does not take, naming the permit however the schema writes it', async () => {
    const schema: StandardSchema = {
      '~standard': {
        version: 1,
        vendor: 'a test',
        validate: () => ({ issues: [{ message: 'wrong', path: [{ key: 'list' }, 0, 'name'] }] }),
      },
    }
    await expect(createSink({ events: { a: schema } }).publish({ type: 'a', data: 1 })).rejects.toThrow(
      "message.data is not what 'a' takes: list.0.name: wrong",
    )
  })
})

describe('createSink refuses', () => {
  it.each([true, {}])('an interval that is %j', (interval) => {
    expect(() => createSink({ heartbeat: { interval: interval as never } })).toThrow(
      `heartbeat.interval is ${interval}; give milliseconds or a time`,
    )
  })
})

describe('an event that was read elsewhere', () => {
  it.each<[string, object, string]>([
    ['has its id where its cursor is one', { data: 'x', lastEventId: '7' }, 'id: 7\ndata: x\n\n'],
    ['is sent on without one where its cursor is no text', { data: 'x', lastEventId: 7 }, 'data: x\n\n'],
  ])('%s', async (_, event, text) => {
    const sink = createSink({ heartbeat: false, retry: false })
    const { body } = await sink.fetch(new Request('http://localhost/'))
    const read = new Response(body).text()
    sink.next(event as SseMessage)
    await sink.close()
    expect(await read).toContain(text)
  })
})

describe('the id to resume after', () => {
  it('is as it comes where the runtime has decoded it already', () => {
    const headers = { get: () => 'ą' } as unknown as Headers
    expect(lastEventIdOf({ headers, url: new URL('http://localhost/') } as SinkRequest)).toBe('ą')
  })
})
