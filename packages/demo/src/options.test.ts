import { describe, expect, it } from 'vitest'
import { parseOptions } from './options.ts'

describe('the command line', () => {
  it('replays an hour a second on port 8080 when nothing is said', () => {
    expect(parseOptions([])).toEqual({
      port: 8080,
      speed: 3600,
      source: undefined,
      by: undefined,
      redis: undefined,
      nodes: 1,
    })
  })

  it('takes its options with and without the separator of pnpm', () => {
    expect(parseOptions(['--', '--port', '9000', '--speed=60'])).toMatchObject({ port: 9000, speed: 60 })
    expect(parseOptions(['--source', 'https://example.org/events', '--by', 'wiki'])).toMatchObject({
      source: new URL('https://example.org/events'),
      by: 'wiki',
    })
    expect(parseOptions(['--redis', 'redis://127.0.0.1:6379', '--nodes', '2'])).toMatchObject({
      redis: new URL('redis://127.0.0.1:6379'),
      nodes: 2,
    })
  })

  it('asks for help', () => {
    expect(parseOptions(['--help'])).toBeUndefined()
  })

  it.each([
    [['--port', '70000'], /--port: expected a number from 0 to 65535, got '70000'/],
    [['--port', 'http'], /--port: expected/],
    [['--port', '-1'], /port/],
    [['--speed', '0'], /--speed: expected a number above 0/],
    [['--speed', 'NaN'], /--speed: expected/],
    [['--speed', ''], /--speed: expected/],
    [['--source', 'ftp://example.org'], /--source: expected an http or https URL, got 'ftp:\/\/example.org'/],
    [['--source', 'here'], /--source: expected/],
    [['--source', 'http://a/', '--speed', '2'], /--speed sets the pace of the replay/],
    [['--by', 'wiki'], /--by/],
    [['--redis', 'localhost:6379'], /--redis: expected a redis or rediss URL/],
    [['--redis', 'http://:secret@here'], /^(?!.*secret).*--redis: expected/],
    [['--nodes', '2'], /--nodes share what they serve through Redis; give --redis too/],
    [['--nodes', '0', '--redis', 'redis://a'], /--nodes: expected a number from 1 to 16, got '0'/],
    [['--nodes', '2', '--redis', 'redis://a', '--port', '65535'], /--port: 2 nodes/],
    [['--verbose'], /--verbose/],
    [['stray'], /stray/],
  ])('refuses %j in one line', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message)
    try {
      parseOptions(args)
    } catch (error) {
      expect((error as Error).message).not.toContain('\n')
    }
  })
})
