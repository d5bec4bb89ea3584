import {
  completeOn,
  data,
  decode,
  decodeByType,
  decodeBytes,
  decodeJson,
  decodeText,
  defineEvents,
  toMessage,
} from '@rxsse/operators'
import { z } from 'zod'
import { type AnyScenario, type Marble, scenario, type Tone } from '../scenario.ts'

interface Event<T = string> {
  readonly type: string
  readonly data: T
  readonly lastEventId: string
}

const tones: Readonly<Record<string, Tone>> = { message: 1, price: 1, trade: 2, note: 0 }

/** Above, the type; below, the data as the wire has it. */
function showEvent({ type, data: content }: Event<unknown>): Marble {
  const text = typeof content === 'string' ? `"${content}"` : JSON.stringify(content)
  return { text: `${type}\n${text}`, tone: tones[type] ?? 0 }
}

const showData = (content: unknown): Marble => ({ text: JSON.stringify(content), tone: 1 })

const event = <T>(content: T, type = 'message'): Event<T> => ({ type, data: content, lastEventId: '' })

const Price = z.object({ p: z.number() })

export const decodeScenarios: Readonly<Record<string, AnyScenario>> = {
  decode: scenario({
    call: 'decode(z.object({ p: z.number() }), { onInvalid })',
    alt: 'Events whose data fits the schema come out with an object for their data. One whose p is a text, and one that is no JSON, go to onInvalid.',
    until: 10,
    completes: 9.5,
    source: [
      [1.2, event('{"p":1}')],
      [3.5, event('{"p":"?"}')],
      [5.8, event('{"p":2}')],
      [8, event('oops')],
    ],
    show: showEvent,
    operate: (source, { lane }) =>
      source.pipe(decode(Price, { onInvalid: lane('onInvalid', ({ raw }) => ({ text: raw, tone: 5 })) })),
    showOut: showEvent,
  }),
  'decode-by-type': scenario({
    call: 'decodeByType({ price: Price, trade: Trade })',
    alt: 'Each event is decoded with the schema of its type. A note, for which there is none, goes to onUnknown.',
    until: 10,
    completes: 9.5,
    source: [
      [1.2, event('{"p":1}', 'price')],
      [3.5, event('{"q":7}', 'trade')],
      [5.8, event('hello', 'note')],
      [8, event('{"p":2}', 'price')],
    ],
    show: showEvent,
    operate: (source, { lane }) =>
      source.pipe(
        decodeByType(defineEvents({ price: Price, trade: z.object({ q: z.number() }) }), {
          onUnknown: lane('onUnknown', showEvent),
        }),
      ),
    showOut: showEvent,
  }),
  'decode-json': scenario({
    call: 'decodeJson<{ p: number }>()',
    alt: 'JSON comes out parsed, whatever it is; what is not JSON goes to onInvalid.',
    until: 10,
    completes: 9.5,
    source: [
      [1.2, event('{"p":1}')],
      [3.5, event('[2]')],
      [5.8, event('oops')],
      [8, event('{"p":3}')],
    ],
    show: showEvent,
    operate: (source, { lane }) =>
      source.pipe(decodeJson({ onInvalid: lane('onInvalid', ({ raw }) => ({ text: raw, tone: 5 })) })),
    showOut: showEvent,
  }),
  'decode-text': scenario({
    call: 'decodeText()',
    alt: 'Events whose data is text come out as they are; one that carries an object goes to onInvalid.',
    until: 10,
    completes: 9.5,
    source: [
      [1.5, event<unknown>('hello')],
      [4.5, event<unknown>({ n: 1 })],
      [7.5, event<unknown>('bye')],
    ],
    show: showEvent,
    operate: (source, { lane }) =>
      source.pipe(decodeText({ onInvalid: lane('onInvalid', ({ raw }) => ({ text: raw, tone: 5 })) })),
    showOut: showEvent,
  }),
  'decode-bytes': scenario({
    call: "decodeBytes('base64')",
    alt: 'Base64 comes out as bytes, with padding and without. Text that is no base64 goes to onInvalid.',
    until: 10,
    completes: 9.5,
    source: [
      [1.2, event('aGk=')],
      [3.5, event('aGk')],
      [5.8, event('a!')],
      [8, event('_w==')],
    ],
    show: showEvent,
    operate: (source, { lane }) =>
      source.pipe(
        decodeBytes('base64', { onInvalid: lane('onInvalid', ({ raw }) => ({ text: raw, tone: 5 })) }),
      ),
    showOut: ({ data: bytes }) => ({
      text: [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
      tone: 1,
    }),
  }),
  'complete-on': scenario({
    call: "completeOn('[DONE]')",
    alt: 'Events come out until one whose data is [DONE]: there the output completes, and the source, which would go on, is left.',
    until: 10,
    source: [
      [1, event('Hel')],
      [3, event('lo')],
      [5.5, event('[DONE]')],
      [8, event('?')],
    ],
    show: ({ data: text }) => ({ text, tone: text === '[DONE]' ? 3 : 1 }),
    operate: (source) => source.pipe(completeOn('[DONE]')),
    showOut: ({ data: text }) => ({ text, tone: 1 }),
  }),
  data: scenario({
    call: 'data()',
    alt: 'Each event comes out as its data alone.',
    until: 10,
    completes: 9.5,
    source: [
      [1.5, event({ p: 1 }, 'price')],
      [4.5, event({ p: 2 }, 'price')],
      [7.5, event({ q: 7 }, 'trade')],
    ],
    show: showEvent,
    operate: (source) => source.pipe(data()),
    showOut: showData,
  }),
  'to-message': scenario({
    call: "toMessage({ type: 'minute', id: (w) => String(w.end) })",
    alt: 'Each value comes out as a message with a type, an id made from the value, and the value as its data.',
    until: 10,
    completes: 9.5,
    source: [
      [1.5, { end: 60, n: 4 }],
      [4.5, { end: 120, n: 7 }],
      [7.5, { end: 180, n: 2 }],
    ],
    show: ({ end, n }) => ({ text: `end ${end}\nn ${n}`, tone: 1 }),
    operate: (source) => source.pipe(toMessage({ type: 'minute', id: (w) => `${w.end}` })),
    showOut: ({ type, id, data: content }) => ({
      text: `${type}, id ${id}\n${JSON.stringify(content)}`,
      tone: 2,
    }),
  }),
}
