import { debounceByKey, meter, rateLimit, sampleByKey, throttleByKey } from '@rxsse/operators'
import { type AnyScenario, type Marble, scenario, type Tone } from '../scenario.ts'

const tones: Readonly<Record<string, Tone>> = { a: 1, b: 2 }
const letter = (text: string): Marble => ({ text, tone: tones[text.charAt(0)] ?? 0 })
const number = (n: number): Marble => ({ text: `${n}`, tone: 1 })

export const rateScenarios: Readonly<Record<string, AnyScenario>> = {
  'rate-limit': scenario({
    call: "rateLimit({ tokens: 1, interval: '2s', burst: 2 })",
    alt: 'Two events pass at once, as two tokens are there; each further one is held until its token has come, one every two seconds. The output completes after the last.',
    until: 8,
    completes: 5,
    source: [
      [0.5, 1],
      [1.4, 2],
      [2.3, 3],
      [3.2, 4],
      [4.1, 5],
    ],
    show: number,
    operate: (source, { scheduler }) =>
      source.pipe(rateLimit({ tokens: 1, interval: '2s', burst: 2, scheduler })),
    showOut: number,
  }),
  'rate-limit-drop': scenario({
    call: "rateLimit({ tokens: 1, interval: '2s', burst: 2,\nmode: 'drop' })",
    alt: 'The same events, but those that come before their token do not wait: they go to onDropped.',
    until: 8,
    completes: 5,
    source: [
      [0.5, 1],
      [1.4, 2],
      [2.3, 3],
      [3.2, 4],
      [4.1, 5],
    ],
    show: number,
    operate: (source, { scheduler, lane }) =>
      source.pipe(
        rateLimit({
          tokens: 1,
          interval: '2s',
          burst: 2,
          mode: 'drop',
          onDropped: lane('onDropped', number),
          scheduler,
        }),
      ),
    showOut: number,
  }),
  'sample-by-key': scenario({
    call: "sampleByKey({ key, every: '3s' })",
    alt: 'Three seconds after the first event the latest of each key comes out; those that it replaced go to onDropped.',
    until: 11,
    completes: 10.5,
    source: [
      [0.7, 'a1'],
      [1.5, 'b1'],
      [2.3, 'a2'],
      [3.1, 'a3'],
      [5.5, 'b2'],
      [6.3, 'b3'],
      [9.5, 'a4'],
    ],
    show: letter,
    operate: (source, { scheduler, lane }) =>
      source.pipe(
        sampleByKey({
          key: (text) => text.charAt(0),
          every: '3s',
          onDropped: lane('onDropped', letter),
          scheduler,
        }),
      ),
    showOut: letter,
  }),
  'throttle-by-key': scenario({
    call: "throttleByKey({ key, interval: '3s' })",
    alt: 'The first event of a quiet key comes out at once. After three seconds the latest event that has come since does; those that it replaced go to onDropped.',
    until: 11,
    completes: 10.5,
    source: [
      [0.7, 'a1'],
      [1.5, 'b1'],
      [2.3, 'a2'],
      [3.1, 'a3'],
      [5.5, 'a4'],
      [8.2, 'b2'],
      [9.5, 'b3'],
    ],
    show: letter,
    operate: (source, { scheduler, lane }) =>
      source.pipe(
        throttleByKey({
          key: (text) => text.charAt(0),
          interval: '3s',
          onDropped: lane('onDropped', letter),
          scheduler,
        }),
      ),
    showOut: letter,
  }),
  'debounce-by-key': scenario({
    call: "debounceByKey({ key, quiet: '1.5s' })",
    alt: 'The latest event of a key comes out a second and a half after it, when the key has been quiet for that long. Those that it replaced go to onDropped.',
    until: 11,
    completes: 10.5,
    source: [
      [0.7, 'a1'],
      [1.5, 'b1'],
      [2.4, 'a2'],
      [3.3, 'a3'],
      [6, 'b2'],
      [7, 'b3'],
      [9.7, 'a4'],
    ],
    show: letter,
    operate: (source, { scheduler, lane }) =>
      source.pipe(
        debounceByKey({
          key: (text) => text.charAt(0),
          quiet: '1.5s',
          onDropped: lane('onDropped', letter),
          scheduler,
        }),
      ),
    showOut: letter,
  }),
  meter: scenario({
    call: "meter({ every: '2s', halfLife: '2s' })",
    alt: 'Every two seconds the rate comes out, in events a second: it rises with a run of events and dies away after it.',
    until: 12,
    source: [0.6, 1.2, 1.8, 2.4, 3, 3.6, 4.2, 8.4].map((at, i) => [at, i] as const),
    show: () => ({ text: '', tone: 1 }),
    operate: (source, { scheduler }) => source.pipe(meter({ every: '2s', halfLife: '2s', scheduler })),
    showOut: ({ perSecond, count }) => ({ text: `${perSecond.toFixed(2)}\ncount ${count}`, tone: 2 }),
  }),
}
