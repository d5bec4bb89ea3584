import { countWindow, slidingWindow, type WindowResult } from '@rxsse/operators'
import { type AnyScenario, scenario } from '../scenario.ts'
import { keyed } from './window.ts'

export const slidingScenarios: Readonly<Record<string, AnyScenario>> = {
  'sliding-window': scenario<readonly [time: number, key: string], WindowResult<string, { n: number }>>({
    call: "slidingWindow({ size: '4s', key, timestamp,\naggregates: (a) => ({ n: a.count() }) })",
    alt: 'Each event comes out at once with the number of events of its key in the four seconds up to it.',
    until: 12,
    completes: 11.5,
    source: [
      [0.8, [0.8, 'a']],
      [2, [2, 'b']],
      [3.2, [3.2, 'a']],
      [4.4, [4.4, 'a']],
      [6, [6, 'b']],
      [7.2, [7.2, 'a']],
      [10.4, [10.4, 'a']],
    ],
    show: ([, key]) => keyed(key),
    operate: (source, { scheduler }) =>
      source.pipe(
        slidingWindow({
          size: '4s',
          timestamp: ([time]) => time * 1000,
          key: ([, key]) => key,
          aggregates: (a) => ({ n: a.count() }),
          scheduler,
        }),
      ),
    showOut: ({ key, value }) => ({ ...keyed(key), text: `${key} ${value.n}` }),
  }),
  'count-window': scenario<string, WindowResult<string, { n: number }>>({
    call: 'countWindow({ size: 3, key,\naggregates: (a) => ({ n: a.count() }) })',
    alt: 'Every third event of a key brings a result. At completion the windows that are not full come out with fewer events.',
    until: 10,
    completes: 9,
    source: ['a', 'b', 'a', 'a', 'b', 'a', 'b', 'a'].map((key, i) => [0.8 + i, key] as const),
    show: keyed,
    operate: (source, { scheduler }) =>
      source.pipe(
        countWindow({ size: 3, key: (key) => key, aggregates: (a) => ({ n: a.count() }), scheduler }),
      ),
    showOut: ({ key, value, pane }) => ({
      ...keyed(key),
      text: pane === 'flush' ? `${key}: ${value.n}\nflush` : `${key}: ${value.n}`,
    }),
  }),
}
