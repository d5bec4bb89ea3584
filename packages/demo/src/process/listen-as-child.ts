import type { AddressInfo, Server } from 'node:net'

/** A supervised program sends this once: its port, or why it cannot listen. */
export type Listening =
  | { readonly port: number; readonly failure?: undefined }
  | { readonly port?: undefined; readonly failure: { message: string; code?: string; port?: number } }

/** Reads the configuration that the supervisor passed to this program. */
export function readChildConfig<T>(): T & { readonly port: number } {
  return JSON.parse(process.argv[2] ?? '{}')
}

/** Listens, sends the port to the supervisor, and calls `close` and exits when the supervisor disconnects. */
export function listenAsChild(
  server: Server,
  { port, host, close }: { port: number; host?: string; close: () => Promise<void> },
): void {
  server.once('error', ({ message, code, port }: NodeJS.ErrnoException & { port?: number }) => {
    send({ failure: { message, ...(code && { code }), ...(port && { port }) } }, () => process.exit(1))
  })
  server.listen({ port, host }, () => send({ port: (server.address() as AddressInfo).port }))
  // Ctrl-C reaches the whole process group. A child ignores it and exits when the demo closes their channel.
  process.on('SIGINT', () => {})
  process.on('disconnect', () => close().finally(() => process.exit(0)))
}

function send(message: Listening, onSent: () => void = () => {}): void {
  process.send?.(message, onSent)
}
