import { describe, expect, it } from 'vitest'
import { link } from '../../test/linked-cluster.ts'
import type { LoggedMessage } from '../log/event-log.ts'

const message = (data: string): LoggedMessage => ({ data, topic: 'message' })

describe('what is not valid on the channel', () => {
  const entry = { id: 'e-1', offset: 1, message: message('a'), target: 'all' }

  it.each([
    ['an entry without data', { ...entry, message: { topic: 't' } }],
    ['an id with a line break', { ...entry, id: 'e\n1' }],
    ['a type with a line break', { ...entry, message: { ...message('a'), type: 'x\ndata: y' } }],
    ['a target that is none', { ...entry, target: { everybody: true } }],
    ['a target that names a room and a user', { ...entry, target: { room: 'r', user: 'u' } }],
    ['an offset that is none', { ...entry, offset: -1 }],
    ['a fraction as a reconnection time', { ...entry, message: { ...message('a'), retry: 0.5 } }],
  ])('costs %s alone', async (_, bad) => {
    const { worker, open, say, errors, settle } = link()
    open()
    const live: string[] = []
    await worker.tail((entries) => live.push(...entries.map(({ id }) => id)))
    say({ kind: 'batch', runs: [{ entries: [bad, { ...entry, id: 'e-2', offset: 2 }] }] })
    await settle()
    expect(live).toEqual(['e-2'])
    expect(errors).toEqual([expect.objectContaining({ code: 'invalid' })])
  })

  it.each([
    [['x', 'head']],
    [[1, 'drop']],
    [[1, 'append', { data: 1, topic: 't' }, 'all', null]],
    [[1, 'append', message('a'), 'everybody', null]],
    [[1, 'append', message('a'), { room: 'r', user: 'u' }, null]],
    [[1, 'append', message('a'), 'all', 7]],
    [[1, 'since', {}, 5, null]],
    [[1, 'since', 0, -1, null]],
    [[1, 'since', 0, 5, 'all']],
    [[1, 'take', 'u', 'many']],
    ['head'],
  ])('is told and does nothing in the primary: %j', async (call) => {
    const { worker, open, ask, errors, log, settle } = link()
    open()
    await worker.head()
    ask({ kind: 'calls', calls: [call] })
    await settle()
    expect(errors).toEqual([expect.objectContaining({ code: 'invalid' })])
    expect((await log.head()).offset).toBe(0)
    expect((await worker.head()).offset).toBe(0)
  })

  it.each([null, 7, 'x', {}, { rxsse: 'other' }, { kind: 'calls' }])('leaves %j to others', async (value) => {
    const { worker, open, errors, channel } = link()
    const primary = open()
    primary.receive(channel, value)
    worker.receive(value)
    expect(errors).toEqual([])
    expect((await worker.head()).offset).toBe(0)
  })
})
