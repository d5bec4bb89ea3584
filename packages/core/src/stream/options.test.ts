import { describe, expect, it } from 'vitest'
import { eventsFrom, fromEventSource, iterateEventSource } from '../index.ts'
import { sharedEventSource } from '../tabs/index.ts'

describe('bad options', () => {
  const secret = 'hunter2'
  for (const [name, make, message] of [
    [
      'a URL that is none',
      () => fromEventSource(`nowhere?${secret}`),
      /^url must be an absolute http or https URL/,
    ],
    ['a URL of another protocol', () => fromEventSource(`ftp://example.com/?${secret}`), /^url must be/],
    [
      'a URL with a password',
      () => fromEventSource(`http://u:${secret}@example.com/`),
      /without user and password$/,
    ],
    [
      'a header',
      () => fromEventSource('http://a', { headers: { a: `${secret}\nx` } }),
      /^headers: HTTP cannot carry the name or the value of 'a'$/,
    ],
    [
      'a body with GET',
      () => fromEventSource('http://a', { body: secret }),
      /^body needs a method such as POST, not GET$/,
    ],
    [
      'a size',
      () => fromEventSource('http://a', { maxEventSize: 0 }),
      /^maxEventSize must be a number of at least 1, not the number 0$/,
    ],
    [
      'a timeout',
      () => fromEventSource('http://a', { timeouts: { idle: '1w' as '1d' } }),
      /^timeouts\.idle must be a duration/,
    ],
    [
      'a place for the id',
      () => fromEventSource('http://a', { lastEventIdIn: { query: '' } }),
      /^lastEventIdIn must be 'header' or \{ query: name \}, not an object with query$/,
    ],
    [
      'a way with redirects that only fetch has',
      () => fromEventSource('http://a', { redirect: 'manual' as 'error' }),
      /^redirect must be 'follow' or 'error', not the string "manual"$/,
    ],
    [
      'events as one string',
      () => fromEventSource('http://a', { events: 'price' as unknown as string[] }),
      /^events must be a list, not the string "price"$/,
    ],
    [
      'headers as one string',
      () => fromEventSource('http://a', { headers: `a: ${secret}` as unknown as Record<string, string> }),
      /^headers must be an object or pairs$/,
    ],
    [
      'a function for an observer',
      () => fromEventSource('http://a', { state: (() => {}) as never }),
      /^state must be an object with next, not function$/,
    ],
    [
      'a controller for its signal',
      () => fromEventSource('http://a', { signal: new AbortController() as never }),
      /^signal must be an object with addEventListener, not an object with no keys$/,
    ],
    [
      'a flag for a gate',
      () => fromEventSource('http://a', { gate: true as never }),
      /^gate must be an object with changes, not the boolean true$/,
    ],
    [
      'fetch for a transport',
      () => fromEventSource('http://a', { transport: fetch as never }),
      /^transport must be an object with open, not function$/,
    ],
    [
      'a text for until',
      () => fromEventSource('http://a', { until: '[DONE]' as never }),
      /^until must be a function, not the string "\[DONE\]"$/,
    ],
    [
      'a number for timeouts',
      () => fromEventSource('http://a', { timeouts: 1000 as never }),
      /^timeouts must be an object, not the number 1000$/,
    ],
    [
      'false for timeouts',
      () => fromEventSource('http://a', { timeouts: false as never }),
      /^timeouts must be an object, not the boolean false$/,
    ],
    [
      'a number for reconnect',
      () => fromEventSource('http://a', { reconnect: 1000 as never }),
      /^reconnect must be an object or false, not the number 1000$/,
    ],
    [
      'true for reconnect',
      () => fromEventSource('http://a', { reconnect: true as never }),
      /^reconnect must be an object or false, not the boolean true$/,
    ],
    [
      'a misspelt name',
      () => fromEventSource('http://a', { event: [secret] } as never),
      /^event is no option, the nearest is events$/,
    ],
    [
      'a name of another library',
      () => fromEventSource('http://a', { withCredentials: secret } as never),
      /^withCredentials is no option, there are method, headers, body, /,
    ],
    [
      'a misspelt name within reconnect',
      () => fromEventSource('http://a', { reconnect: { maxatempts: 3 } as never }),
      /^reconnect\.maxatempts is no option, the nearest is reconnect\.maxAttempts$/,
    ],
    [
      'a misspelt name within timeouts',
      () => fromEventSource('http://a', { timeouts: { idel: '1s' } as never }),
      /^timeouts\.idel is no option, the nearest is timeouts\.idle$/,
    ],
    [
      'a misspelt name, to iterate over',
      () => iterateEventSource('http://a', { reconect: false } as never),
      /^reconect is no option, the nearest is reconnect$/,
    ],
    [
      'a misspelt name, for bytes',
      () => eventsFrom(new Response(''), { untill: () => true } as never),
      /^untill is no option, the nearest is until$/,
    ],
    [
      'a misspelt name, for tabs',
      () => sharedEventSource('http://a', { reconect: {} } as never),
      /^reconect is no option, the nearest is reconnect$/,
    ],
    [
      'headers that are null',
      () => fromEventSource('http://a', { headers: null as unknown as [] }),
      /^headers must be an object or pairs$/,
    ],
    [
      'a URL, to iterate over',
      () => iterateEventSource(`nowhere?${secret}`),
      /^url must be an absolute http or https URL/,
    ],
  ] as const) {
    it(`${name}: a TypeError at once, which shows no secret`, () => {
      expect(make).toThrow(TypeError)
      expect(make).toThrow(message)
      expect(make).toThrow(/^(?!.*hunter2)/)
    })
  }
})
