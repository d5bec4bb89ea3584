import type { EventLog } from './event-log.ts'

/** How many open sinks of this process use each log. */
const users = new WeakMap<EventLog, number>()

export function addLogUser(log: EventLog): void {
  users.set(log, (users.get(log) ?? 0) + 1)
}

/** Returns whether no other sink uses the log. Then it has to be closed. */
export function removeLogUser(log: EventLog): boolean {
  const left = (users.get(log) ?? 1) - 1
  users.set(log, left)
  return left === 0
}
