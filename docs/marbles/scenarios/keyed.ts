import { joinWithin, scanByKey } from '@rxsse/operators'
import { filter } from 'rxjs'
import { type AnyScenario, type Marble, scenario, type Tone } from '../scenario.ts'

const tones: Readonly<Record<string, Tone>> = { a: 1, b: 2, c: 3 }
const letter = (text: string): Marble => ({ text, tone: tones[text.toLowerCase().charAt(0)] ?? 0 })

export const keyedScenarios: Readonly<Record<string, AnyScenario>> = {
  'scan-by-key': scenario({
    call: 'scanByKey({ key, seed, project, onTimer: () => -1 },\n(n, _, { time, setTimer }) => …)',
    alt: 'Each event comes out with the number of its key. Each sets the timer of its key to three seconds later, so a key that is quiet for three seconds comes out as quiet.',
    until: 12,
    completes: 11.5,
    source: [
      [0.8, 'a'],
      [1.9, 'b'],
      [3, 'a'],
      [4.1, 'a'],
      [8.6, 'b'],
    ],
    show: letter,
    operate: (source, { scheduler }) =>
      source.pipe(
        scanByKey(
          {
            key: (text) => text,
            seed: () => 0,
            onTimer: () => -1,
            project: (n, { key, cause }) => (cause === 'completion' ? undefined : { key, n }),
            scheduler,
          },
          (n: number, _, { time, setTimer }) => {
            setTimer(time + 3000)
            return Math.max(n, 0) + 1
          },
        ),
      ),
    showOut: ({ key, n }) => ({ text: n < 0 ? `${key} is quiet` : `${key} ${n}`, tone: tones[key] ?? 0 }),
  }),
  'join-within': scenario({
    call: "joinWithin(payments, { left, right,\nwithin: '3s', kind: 'left' }, project)",
    alt: 'Orders are small letters, payments are capital letters. Order a and its payment come out as a pair when the payment arrives. Payment B comes before its order, and the pair when the order arrives. Order c has no payment within three seconds, and comes out alone.',
    until: 12,
    completes: 11.5,
    source: [
      [0.8, 'a'],
      [2.2, 'A'],
      [3.6, 'B'],
      [4.8, 'b'],
      [6, 'c'],
      [10.4, 'C'],
    ],
    show: letter,
    operate: (source, { scheduler }) =>
      source.pipe(
        filter((text) => text === text.toLowerCase()),
        joinWithin(
          source.pipe(filter((text) => text !== text.toLowerCase())),
          {
            left: { key: (text) => text },
            right: { key: (text) => text.toLowerCase() },
            within: '3s',
            kind: 'left',
            scheduler,
          },
          (order, payment) => `${order} ${payment ?? '–'}`,
        ),
      ),
    showOut: letter,
  }),
}
