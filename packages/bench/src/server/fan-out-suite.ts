import type { Suite } from '../harness/suite.ts'
import {
  createBareCalls,
  createBareLoop,
  createBetterSse,
  createHono,
  createNest,
  createPlainWrite,
  createServedSink,
  createSinkHandler,
  createSinkWithLog,
} from './contenders.ts'
import { CONNECTIONS, createFanOut } from './fan-out.ts'
import { nchan } from './nchan.ts'

/** Compares all servers with this number of events in each tick. */
export function createFanOutSuite(
  title: string,
  eventsPerTick: number,
  operations: Suite['operations'],
): Suite {
  const withoutNchan = ' nchan is not measured because it is not installed (libnginx-mod-nchan in Debian).'
  return {
    title,
    description: `${CONNECTIONS} connections over HTTP/1.1, events of about 220 bytes, each delivery checked by readers in another process: CPU time of the serving process. The lower bound is a loop of bare system calls.${nchan === undefined ? withoutNchan : ''}`,
    operation: 'delivery',
    operations,
    contenders: [
      createFanOut('@rxsse/server', eventsPerTick, createSinkHandler),
      createFanOut('@rxsse/server, serveSinks', eventsPerTick, createServedSink),
      createFanOut('@rxsse/server, memoryLog', eventsPerTick, createSinkWithLog),
      createFanOut('bare loop, shared chunk', eventsPerTick, createBareLoop),
      createFanOut('floor: write(2) alone', eventsPerTick, createBareCalls),
      ...(nchan === undefined ? [] : [createFanOut('nchan', eventsPerTick, nchan)]),
      createFanOut('better-sse', eventsPerTick, createBetterSse),
      createFanOut('res.write', eventsPerTick, createPlainWrite),
      createFanOut('Hono streamSSE', eventsPerTick, createHono),
      createFanOut('NestJS @Sse', eventsPerTick, createNest),
    ],
    ours: ['@rxsse/server', '@rxsse/server, serveSinks', '@rxsse/server, memoryLog'],
    targets: [
      { contender: '@rxsse/server', against: 'bare loop, shared chunk', atMost: 1.15 },
      { contender: '@rxsse/server', against: 'better-sse', atMost: 0.5 },
    ],
  }
}
