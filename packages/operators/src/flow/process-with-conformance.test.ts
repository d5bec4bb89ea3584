import { concatMap, of, timer } from 'rxjs'
import { conformance } from '../../test/conformance.ts'
import { turn } from '../../test/turn.ts'
import { processWith } from './process-with.ts'

conformance<number, number>('processWith', {
  operator: (options) =>
    processWith((n) => timer(5, options.scheduler).pipe(concatMap(() => of(n))), {
      concurrency: 3,
      ...options,
    }),
  input: (i) => i,
  failing: (fail, options) => processWith(fail, options),
})
conformance<number, number>('processWith with synchronous jobs', {
  operator: (options) => processWith((n) => of(n), options),
  input: (i) => i,
})
conformance<number, number>('processWith with promises', {
  operator: (options) => processWith((n) => Promise.resolve(n), options),
  input: (i) => i,
  settle: turn,
})
conformance<number, number>('processWith in order and by key', {
  operator: (options) =>
    processWith((n) => timer(5 - (n % 3), options.scheduler).pipe(concatMap(() => of(n))), {
      concurrency: 3,
      ordered: true,
      orderBy: (n) => n % 2,
      ...options,
    }),
  input: (i) => i,
  failing: (fail, options) => processWith((n: number) => of(n), { orderBy: fail, ...options }),
})
