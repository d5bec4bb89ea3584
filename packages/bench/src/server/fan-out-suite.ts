import type { Suite } from '../harness/suite.ts'
import {
  bareCalls,
  bareLoop,
  betterSse,
  hono,
  nest,
  plainWrite,
  sinkHandler,
  sinkServed,
  sinkWithLog,
} from './contenders.ts'
import { connections, fanOut } from './fan-out.ts'
import { nchan } from './nchan.ts'

/** Everybody who serves, side by side, with so many events in each tick. */
export function fanOutSuite(title: string, eventsATick: number, operations: Suite['operations']): Suite {
  const withoutNchan =
    ' nchan is not measured: nginx and its module are not installed (libnginx-mod-nchan in Debian).'
  return {
    title,
    description: `${connections} connections over HTTP/1.1, events of some 220 bytes, each delivery checked by readers in another process: CPU time of the serving process. The floor is a loop of bare system calls.${nchan === undefined ? withoutNchan : ''}`,
    operation: 'delivery',
    operations,
    contenders: [
      fanOut('@rxsse/server', eventsATick, sinkHandler),
      fanOut('@rxsse/server, serveSinks', eventsATick, sinkServed),
      fanOut('@rxsse/server, memoryLog', eventsATick, sinkWithLog),
      fanOut('bare loop, shared chunk', eventsATick, bareLoop),
      fanOut('floor: write(2) alone', eventsATick, bareCalls),
      ...(nchan === undefined ? [] : [fanOut('nchan', eventsATick, nchan)]),
      fanOut('better-sse', eventsATick, betterSse),
      fanOut('res.write', eventsATick, plainWrite),
      fanOut('Hono streamSSE', eventsATick, hono),
      fanOut('NestJS @Sse', eventsATick, nest),
    ],
    targets: [
      { contender: '@rxsse/server', against: 'bare loop, shared chunk', atMost: 1.15 },
      { contender: '@rxsse/server', against: 'better-sse', atMost: 0.5 },
    ],
  }
}
