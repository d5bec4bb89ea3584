import { joinWithin } from '@rxsse/operators'
import { merge, Observable, Subject } from 'rxjs'
import type { Contender, Suite } from '../harness/suite.ts'

interface Order {
  readonly id: number
  readonly time: number
}

const WITHIN_MS = 10_000
/** An order comes each millisecond, and its payment this much later. */
const PAID_AFTER_MS = 2000

type Join = (orders: Observable<Order>, payments: Observable<Order>) => Observable<unknown>

/** Orders with an ID of their own each, or of a few customers. Half of the events are payments. */
function createContender(name: string, customers: number, join: Join): Contender {
  return {
    name,
    prepare() {
      return {
        run(operations) {
          const orders = new Subject<Order>()
          const payments = new Subject<Order>()
          let results = 0
          join(orders, payments).subscribe(() => results++)
          for (let n = 0; n < operations / 2; n++) {
            orders.next({ id: n % customers, time: n })
            payments.next({ id: (n + customers - (PAID_AFTER_MS % customers)) % customers, time: n })
          }
          orders.complete()
          payments.complete()
          return { results }
        },
      }
    },
  }
}

/** What one would write for two streams that are in order: a list for each key and side, old events removed on the way. */
function joinByHand(orders: Observable<Order>, payments: Observable<Order>): Observable<unknown> {
  return new Observable((out) => {
    const left = new Map<number, Order[]>()
    const right = new Map<number, Order[]>()
    const held: { readonly side: Map<number, Order[]>; readonly event: Order }[] = []
    let head = 0

    function take(
      event: Order,
      own: Map<number, Order[]>,
      others: Map<number, Order[]>,
      isLeft: boolean,
    ): void {
      for (const other of others.get(event.id) ?? []) {
        if (Math.abs(other.time - event.time) > WITHIN_MS) continue
        out.next(isLeft ? { order: event, payment: other } : { order: other, payment: event })
      }
      const list = own.get(event.id)
      if (list === undefined) own.set(event.id, [event])
      else list.push(event)
      held.push({ side: own, event })
      for (let oldest = held[head]; oldest !== undefined && oldest.event.time < event.time - WITHIN_MS; ) {
        const events = oldest.side.get(oldest.event.id)
        events?.shift()
        if (events?.length === 0) oldest.side.delete(oldest.event.id)
        oldest = held[++head]
      }
      if (head < 4096) return
      held.splice(0, head)
      head = 0
    }

    const subscription = orders.subscribe((order) => take(order, left, right, true))
    subscription.add(payments.subscribe((payment) => take(payment, right, left, false)))
    subscription.add(merge(orders, payments).subscribe({ complete: () => out.complete() }))
    return subscription
  })
}

const join: Join = (orders, payments) =>
  orders.pipe(
    joinWithin(
      payments,
      {
        left: { key: (order) => order.id, timestamp: (order) => order.time },
        right: { key: (payment) => payment.id, timestamp: (payment) => payment.time },
        within: WITHIN_MS,
      },
      (order, payment) => ({ order, payment }),
    ),
  )

const MANY = 1_000_000
const FEW = 5000

export const suite: Suite = {
  title: 'Joining two streams',
  description:
    'Orders and payments, one of each a millisecond, joined by key within ten seconds. The join by hand is for streams in order: it has no watermark, no late events and no counts.',
  operation: 'event',
  operations: { full: 1_500_000, quick: 400_000, warmUp: 400_000 },
  contenders: [
    createContender('joinWithin, a key for each order', MANY, join),
    createContender('by hand, a key for each order', MANY, joinByHand),
    createContender('joinWithin, 5,000 keys', FEW, join),
    createContender('by hand, 5,000 keys', FEW, joinByHand),
  ],
  ours: ['joinWithin, a key for each order', 'joinWithin, 5,000 keys'],
  targets: [
    { contender: 'joinWithin, a key for each order', against: 'by hand, a key for each order', atMost: 2 },
    { contender: 'joinWithin, 5,000 keys', against: 'by hand, 5,000 keys', atMost: 2 },
  ],
}
