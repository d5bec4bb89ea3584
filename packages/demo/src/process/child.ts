import type { AddressInfo, Server } from 'node:net'

/**
 * What a supervised program sends. First it sends its port, or why it cannot listen. If it has workers, it then sends them
 * whenever they change.
 */
export type ChildMessage =
  | { readonly port: number }
  | { readonly failure: { message: string; code?: string; port?: number } }
  | { readonly workers: readonly RunningProcess[] }

/** A process that the viewer may kill. */
export interface RunningProcess {
  readonly name: string
  readonly port: number
  /** Undefined while it is started again. */
  readonly pid: number | undefined
}

/** Reads the configuration that the supervisor passed to this program. */
export function readChildConfig<T>(): T & { readonly port: number } {
  return JSON.parse(process.argv[2] ?? '{}')
}

/** Listens, and tells the supervisor the port. */
export function listenAsChild(server: Server, { port, host }: { port: number; host?: string }): void {
  server.once('error', failAsChild)
  server.listen({ port, host }, () => tellSupervisor({ port: (server.address() as AddressInfo).port }))
}

/** Tells the supervisor why this program cannot start, and exits. */
export function failAsChild({ message, code, port }: NodeJS.ErrnoException & { port?: number }): void {
  const failure = { message, ...(code && { code }), ...(port && { port }) }
  tellSupervisor({ failure }, () => process.exit(1))
}

export function tellSupervisor(message: ChildMessage, onSent: () => void = () => {}): void {
  if (process.connected) process.send?.(message, undefined, undefined, onSent)
  else onSent()
}

/** Calls `close` and exits when the supervisor says so, and when the supervisor has gone. */
export function closeAsChild(close: () => Promise<void>): void {
  let isClosing = false
  const stop = (): void => {
    if (!isClosing) close().finally(() => process.exit(0))
    isClosing = true
  }
  process.on('message', (message) => message === STOP && stop())
  process.on('disconnect', stop)
  // Ctrl-C reaches the whole process group. A child ignores it, because the supervisor stops it.
  process.on('SIGINT', () => {})
}

/** What the supervisor sends to end a program in order. */
export const STOP = 'stop'
