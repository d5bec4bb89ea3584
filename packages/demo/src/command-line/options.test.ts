import { describe, expect, it } from 'vitest'
import { parseOptions } from './options.ts'

describe('the command line', () => {
  it('replays an hour a second on port 8080 by default', () => {
    expect(parseOptions([])).toEqual({
      port: 8080,
      speed: 3600,
      source: undefined,
      by: undefined,
      redis: undefined,
      nodes: 1,
      workers: 0,
    })
  })

  it('accepts options with and without the -- of pnpm', () => {
    expect(parseOptions(['--', '--port', '9000', '--speed=60'])).toMatchObject({ port: 9000, speed: 60 })
    expect(parseOptions(['--source', 'https://example.org/events', '--by', 'wiki'])).toMatchObject({
      source: new URL('https://example.org/events'),
      by: 'wiki',
    })
    expect(parseOptions(['--redis', 'redis://127.0.0.1:6379', '--nodes', '2'])).toMatchObject({
      redis: new URL('redis://127.0.0.1:6379'),
      nodes: 2,
    })
    expect(parseOptions(['--workers', '2'])).toMatchObject({ workers: 2 })
  })

  it('returns undefined for --help', () => {
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
    [['--source', 'http://a/', '--speed', '2'], /--speed applies to the replay/],
    [['--by', 'wiki'], /--by needs --source/],
    [['--redis', 'localhost:6379'], /--redis: expected a redis or rediss URL/],
    [['--redis', 'http://:secret@here'], /^(?!.*secret).*--redis: expected/],
    [['--nodes', '2'], /--nodes needs --redis/],
    [['--nodes', '0', '--redis', 'redis://a'], /--nodes: expected a number from 1 to 16, got '0'/],
    [['--nodes', '2', '--redis', 'redis://a', '--port', '65535'], /--port: 2 nodes/],
    [['--workers', 'two'], /--workers: expected a number from 0 to 16, got 'two'/],
    [['--workers', '2', '--redis', 'redis://a'], /give only one of --workers and --redis/],
    [['--verbose'], /--verbose/],
    [['stray'], /stray/],
  ])('rejects %j with a message of one line', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message)
    try {
      parseOptions(args)
    } catch (error) {
      expect((error as Error).message).not.toContain('\n')
    }
  })
})
