import { dedupe, lag, matchType, ofType, reorder, route, threshold } from '@rxsse/operators'
import { map } from 'rxjs'
import { type AnyScenario, type Marble, scenario, type Tone } from '../scenario.ts'

interface Typed {
  readonly type: string
  readonly data: string
  readonly lastEventId: string
}

const event = (type: string, data: string): Typed => ({ type, data, lastEventId: '' })

const tones: Readonly<Record<string, Tone>> = {
  a: 1,
  b: 2,
  c: 3,
  price: 1,
  'alert.cpu': 2,
  'alert.disk': 4,
  note: 0,
}

const letter = (text: string): Marble => ({ text, tone: tones[text] ?? 0 })
const typed = ({ type }: Typed): Marble => ({ text: type, tone: tones[type] ?? 0 })

const scored: readonly (readonly [number, { key: string; n: number }])[] = [
  [1, { key: 'a', n: 5 }],
  [2.5, { key: 'b', n: 1 }],
  [4, { key: 'a', n: 7 }],
  [5.5, { key: 'a', n: 6 }],
  [7, { key: 'b', n: 4 }],
  [8.5, { key: 'a', n: 9 }],
]

export const filterScenarios: Readonly<Record<string, AnyScenario>> = {
  'of-type': scenario({
    call: "ofType('price')",
    alt: 'Of events of the types price, alert.cpu and note only those of type price come out.',
    until: 10,
    completes: 9.5,
    source: [
      [1, event('price', '')],
      [2.7, event('alert.cpu', '')],
      [4.4, event('price', '')],
      [6.1, event('note', '')],
      [7.8, event('price', '')],
    ],
    show: typed,
    operate: (source) => source.pipe(ofType('price')),
    showOut: typed,
  }),
  'match-type': scenario({
    call: "matchType('alert.*')",
    alt: 'Events whose type starts with alert. come out, a price and a note do not.',
    until: 10,
    completes: 9.5,
    source: [
      [1, event('price', '')],
      [2.7, event('alert.cpu', '')],
      [4.3, event('note', '')],
      [6.1, event('alert.disk', '')],
      [8.2, event('alert.cpu', '')],
    ],
    show: typed,
    operate: (source) => source.pipe(matchType('alert.*')),
    showOut: typed,
  }),
  dedupe: scenario({
    call: "dedupe({ key, ttl: '5s' })",
    alt: 'The first a and the first b come out. Their repetitions within five seconds go to onDropped; five seconds after the first, a comes out again.',
    until: 10,
    completes: 9.5,
    source: [
      [1, 'a'],
      [2, 'b'],
      [3, 'a'],
      [4, 'b'],
      [5, 'a'],
      [6.5, 'a'],
      [8, 'c'],
    ],
    show: letter,
    operate: (source, { scheduler, lane }) =>
      source.pipe(
        dedupe({ key: (text) => text, ttl: '5s', onDropped: lane('onDropped', letter), scheduler }),
      ),
    showOut: letter,
  }),
  lag: scenario({
    call: 'lag({ key }, (now, before) =>\nnow.n - (before?.n ?? now.n))',
    alt: 'Each event comes out as its difference to the one before it of the same key.',
    until: 10,
    completes: 9.5,
    source: scored,
    show: ({ key, n }) => ({ text: `${key} ${n}`, tone: tones[key] ?? 0 }),
    operate: (source) =>
      source.pipe(
        lag({ key: (e) => e.key }, (now, before) => ({ key: now.key, n: now.n - (before?.n ?? now.n) })),
      ),
    showOut: ({ key, n }) => ({ text: `${key} ${n > 0 ? '+' : ''}${n}`, tone: tones[key] ?? 0 }),
  }),
  threshold: scenario({
    call: 'threshold({ levels: { warning: 75, critical: 90 },\nvalue, hysteresis: 5, changesOnly: true })',
    alt: 'Values from 10 to 91 and back: warning at 76, critical at 91. 86 is within the hysteresis of 5 below 90 and changes nothing. 80 is warning again, 20 is normal.',
    until: 10,
    completes: 9.5,
    source: [10, 76, 74, 91, 86, 80, 20].map((value, i) => [0.8 + i * 1.3, value] as const),
    show: (value) => ({ text: `${value}` }),
    operate: (source) =>
      source.pipe(
        threshold({
          value: (v) => v,
          levels: { warning: 75, critical: 90 },
          hysteresis: 5,
          changesOnly: true,
        }),
      ),
    showOut: ({ level }) => ({ text: level, tone: level === 'critical' ? 5 : level === 'warning' ? 2 : 3 }),
  }),
  'threshold-for': scenario({
    call: "threshold({ value, levels: { high: 75 },\nfor: '3s', changesOnly: true })",
    alt: 'A value of 80 is followed by 20 within three seconds, so nothing comes out. 90 and 85 stay high: three seconds after 90 the level changes, with 85, the latest event. The change back to normal comes three seconds after 30.',
    until: 14,
    source: [
      [0.8, 80],
      [2.4, 20],
      [4, 90],
      [5.8, 85],
      [9, 30],
    ],
    show: (value) => ({ text: `${value}`, tone: value >= 75 ? 5 : 3 }),
    operate: (source, { scheduler }) =>
      source.pipe(
        threshold({ value: (v) => v, levels: { high: 75 }, for: '3s', changesOnly: true, scheduler }),
      ),
    showOut: ({ event, level }) => ({ text: `${level}\n${event}`, tone: level === 'high' ? 5 : 3 }),
  }),
  reorder: scenario({
    call: "reorder({ timestamp, maxOutOfOrderness: '3s' })",
    alt: 'Events that come a little out of order are held until the watermark, three seconds behind the latest of them, reaches their time. They come out in the order of time. One that is older than the watermark goes to late.',
    until: 14,
    completes: 13.5,
    source: [
      [1, 1],
      [2.5, 4],
      [4, 2],
      [5.5, 3],
      [7, 7],
      [8.5, 6],
      [10, 3.5],
      [11.5, 10],
    ],
    happened: (time) => time,
    show: (time) => ({ text: `${time}`, tone: time === 3.5 ? 5 : 1 }),
    operate: (source, { scheduler, lane, stage }) =>
      source.pipe(
        reorder({
          stage,
          timestamp: (time) => time * 1000,
          maxOutOfOrderness: '3s',
          late: lane('late', (time) => ({ text: `${time}`, tone: 5 })),
          scheduler,
        }),
      ),
    showOut: (time) => ({ text: `${time}`, tone: 1 }),
  }),
  route: scenario({
    call: 'route({ price: double, note: shout })',
    alt: 'Prices go down one branch, which doubles them, notes down another, which shouts them. An event of a type without a branch goes to onDropped.',
    until: 10,
    completes: 9.5,
    source: [
      [1, event('price', '2')],
      [2.6, event('note', 'hi')],
      [4.2, event('trade', '9')],
      [5.8, event('price', '5')],
      [7.4, event('note', 'oh')],
    ],
    show: ({ type, data }) => ({ text: `${type} ${data}`, tone: tones[type] ?? 3 }),
    operate: (source, { lane }) =>
      source.pipe(
        route(
          {
            price: (prices) => prices.pipe(map((e) => ({ text: `${Number(e.data) * 2}`, tone: 1 as const }))),
            note: (notes) => notes.pipe(map((e) => ({ text: `${e.data}!`.toUpperCase(), tone: 0 as const }))),
          },
          {
            onDropped: lane('onDropped', ({ type, data }: Typed) => ({ text: `${type} ${data}`, tone: 3 })),
          },
        ),
      ),
    showOut: (marble) => marble,
  }),
}
