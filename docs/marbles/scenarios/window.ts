import {
  collectWindow,
  groupWithin,
  hopping,
  latestResults,
  session,
  tumbling,
  type WindowResult,
  type WindowSpec,
  windowAggregate,
} from '@rxsse/operators'
import { type AnyScenario, type Marble, type Scenario, scenario, type Tone } from '../scenario.ts'

export type Counted = WindowResult<undefined, { n: number }>

export const seconds = (result: { readonly window: { start: number; end: number } }) =>
  `${result.window.start / 1000}–${result.window.end / 1000}`

const TONES: readonly Tone[] = [4, 1, 2, 3, 4, 1]

/** Events that happen as they come, counted in windows; `step` is how far apart windows of the next colour are. */
function counted(
  call: string,
  alt: string,
  spec: WindowSpec,
  step: number,
  times: readonly number[],
): Scenario<number, Counted> {
  return {
    call,
    alt,
    until: 12,
    completes: 11.5,
    source: times.map((time) => [time, time]),
    show: () => ({ text: '', tone: 1 }),
    operate: (source, { scheduler }) =>
      source.pipe(
        windowAggregate(spec, {
          timestamp: (time: number) => time * 1000,
          aggregates: (a) => ({ n: a.count() }),
          idle: '250ms',
          scheduler,
        }),
      ),
    showOut: ({ value, window }) => ({
      text: `${value.n}`,
      tone: TONES[Math.round(window.start / 1000 / step) + 1] ?? 0,
    }),
    windowOf: ({ window }) => window,
  }
}

interface Stamped {
  readonly time: number
  readonly late?: boolean
}

export const keyed = (key: string): Marble => ({ text: key, tone: key === 'a' ? 1 : key === 'b' ? 2 : 4 })

export const windowScenarios: Readonly<Record<string, AnyScenario>> = {
  'window-aggregate': scenario<Stamped, Counted>({
    call: "windowAggregate(tumbling('5s'),\n{ maxOutOfOrderness: '2s', late, aggregates })",
    alt: 'Events plotted by when they came and when they happened, and the watermark, two seconds behind the latest of them. A window gives its result when the watermark comes to its end. Events that are out of order by less than two seconds count in their window; one that comes after its window was given goes to late.',
    until: 16,
    completes: 15.5,
    source: [
      [1, { time: 1 }],
      [2.5, { time: 3 }],
      [4, { time: 6 }],
      [5.3, { time: 4 }],
      [6.7, { time: 8 }],
      [8.4, { time: 9.5 }],
      [9.6, { time: 2, late: true }],
      [10.8, { time: 11 }],
      [11.8, { time: 9 }],
      [12.8, { time: 13 }],
    ],
    happened: ({ time }) => time,
    show: ({ time, late }) => ({ text: `${time}`, tone: late ? 5 : time < 5 ? 1 : time < 10 ? 2 : 3 }),
    operate: (source, { scheduler, lane, stage }) =>
      source.pipe(
        windowAggregate(tumbling('5s'), {
          stage,
          timestamp: (event) => event.time * 1000,
          maxOutOfOrderness: '2s',
          late: lane('late', ({ time }) => ({ text: `${time}`, tone: 5 })),
          aggregates: (a) => ({ n: a.count() }),
          scheduler,
        }),
      ),
    showOut: (result) => ({
      text: `${seconds(result)} s\nn: ${result.value.n}`,
      tone: result.window.start === 0 ? 1 : result.window.start === 5000 ? 2 : 3,
    }),
    windowOf: ({ window }) => window,
  }),
  'window-panes': scenario<Stamped, Counted>({
    call: "windowAggregate(tumbling('5s'),\n{ allowedLateness: '5s', early: '2s', late })",
    alt: 'The same chart with a watermark at the latest timestamp. While a window is open it gives early results. When the watermark comes to its end it gives one on time, after a late event within five seconds another. An event after that goes to late.',
    until: 16,
    source: [
      [0.8, { time: 1 }],
      [4.2, { time: 4 }],
      [6, { time: 6 }],
      [8, { time: 3 }],
      [10.4, { time: 10 }],
      [12, { time: 2, late: true }],
    ],
    happened: ({ time }) => time,
    show: ({ time, late }) => ({ text: `${time}`, tone: late ? 5 : time < 5 ? 1 : time < 10 ? 2 : 3 }),
    operate: (source, { scheduler, lane, stage }) =>
      source.pipe(
        windowAggregate(tumbling('5s'), {
          stage,
          timestamp: (event) => event.time * 1000,
          allowedLateness: '5s',
          early: '2s',
          late: lane('late', ({ time }) => ({ text: `${time}`, tone: 5 })),
          aggregates: (a) => ({ n: a.count() }),
          scheduler,
        }),
      ),
    showOut: (result) => ({
      text: `${seconds(result)} s\nn: ${result.value.n}\n${result.pane}`,
      tone: result.window.start === 0 ? 1 : result.window.start === 5000 ? 2 : 3,
    }),
    windowOf: ({ window }) => window,
  }),
  tumbling: scenario(
    counted(
      "tumbling('4s')",
      'Windows of four seconds, side by side: each event is in exactly one of them.',
      tumbling('4s'),
      4,
      [0.5, 1.5, 3, 4.5, 6.5, 8.5, 9.5, 10.5],
    ),
  ),
  hopping: scenario(
    counted(
      "hopping({ size: '6s', every: '3s' })",
      'Windows of six seconds that start every three: each event is in two of them.',
      hopping({ size: '6s', every: '3s' }),
      3,
      [0.5, 1.5, 3.5, 5, 6.5, 8.5, 9.5],
    ),
  ),
  session: scenario(
    counted(
      "session('1.5s')",
      'Windows that last as long as events keep coming with at most a second and a half between them.',
      session('1.5s'),
      4,
      [0.5, 1.4, 2.4, 5, 6.3, 9.2],
    ),
  ),
  'window-fill': scenario<number, Counted>({
    call: "windowAggregate(tumbling('3s'),\n{ fill: true, idle: '500ms', maxEmpty: 2 })",
    alt: 'Windows of three seconds. Two windows without events have results with a count of 0, the first before an event comes again, the others by the clock. After two of them in a row the key is forgotten.',
    until: 20,
    source: [0.5, 1.5, 2.5, 7, 7.8].map((time) => [time, time] as const),
    show: () => ({ text: '', tone: 1 }),
    operate: (source, { scheduler }) =>
      source.pipe(
        windowAggregate(tumbling('3s'), {
          timestamp: (time) => time * 1000,
          aggregates: (a) => ({ n: a.count() }),
          fill: true,
          idle: '500ms',
          maxEmpty: 2,
          scheduler,
        }),
      ),
    showOut: ({ value, empty }) => ({ text: `${value.n}`, tone: empty ? 0 : 1 }),
    windowOf: ({ window }) => window,
  }),
  'collect-window': scenario({
    call: 'windowAggregate(…),\ncollectWindow({ orderBy, limit: 2 })',
    alt: 'The results of a window, one for each key, come out as one list: the two keys with the most events. A third goes to onDropped.',
    until: 10,
    completes: 9.5,
    source: [
      [0.7, 'a'],
      [1.6, 'b'],
      [2.5, 'b'],
      [3.4, 'c'],
      [4.3, 'b'],
      [5.6, 'a'],
      [6.8, 'c'],
      [8, 'c'],
    ],
    show: keyed,
    operate: (source, { scheduler, lane }) =>
      source.pipe(
        windowAggregate(tumbling('5s'), {
          key: (key) => key,
          aggregates: (a) => ({ n: a.count() }),
          scheduler,
        }),
        collectWindow({
          orderBy: (x, y) => y.value.n - x.value.n,
          limit: 2,
          onDropped: lane('onDropped', ({ key, value }) => ({ ...keyed(key), text: `${key}: ${value.n}` })),
          scheduler,
        }),
      ),
    showOut: (collected) => ({
      text: `${seconds(collected)} s\n${collected.results.map(({ key, value }) => `${key}: ${value.n}`).join(', ')}`,
      tone: 3,
    }),
  }),
  'latest-results': scenario({
    call: "windowAggregate(…, { early: '1s' }),\nlatestResults()",
    alt: 'Early results of a window come again with higher revisions. Each list has the newest result of each key. When the next window begins, the list has its results alone.',
    until: 10,
    completes: 9.5,
    source: [
      [0.7, 'a'],
      [2.2, 'b'],
      [2.6, 'a'],
      [5.8, 'b'],
      [7.4, 'b'],
    ],
    show: keyed,
    operate: (source, { scheduler }) =>
      source.pipe(
        windowAggregate(tumbling('5s'), {
          key: (key) => key,
          early: '1s',
          aggregates: (a) => ({ n: a.count() }),
          scheduler,
        }),
        latestResults({ scheduler }),
      ),
    showOut: (results) => ({
      text: results.map(({ key, value }) => `${key}: ${value.n}`).join(', '),
      tone: results[0]?.window.start === 0 ? 1 : 2,
    }),
  }),
  'group-within': scenario({
    call: "groupWithin({ maxItems: 3, maxWait: '2s' })",
    alt: 'The first three events, close together, make a group at once. Two that follow make one when two seconds have passed since the first of them; the last is given at completion.',
    until: 10,
    completes: 9.5,
    source: [
      [0.7, 1],
      [1.5, 2],
      [2.3, 3],
      [3.5, 4],
      [4.5, 5],
      [8.5, 6],
    ],
    show: (n) => ({ text: `${n}`, tone: 1 }),
    operate: (source, { scheduler }) => source.pipe(groupWithin({ maxItems: 3, maxWait: '2s', scheduler })),
    showOut: (group) => ({ text: `[${group.join(', ')}]`, tone: 2 }),
  }),
}
