import type { AddressInfo, Server } from 'node:net'

/** What a supervised program tells once: where it listens, or why it cannot. */
export type Listening =
  | { readonly port: number; readonly failure?: undefined }
  | { readonly port?: undefined; readonly failure: { message: string; code?: string; port?: number } }

/** What the supervisor gave to this program. */
export function childConfig<T>(): T & { readonly port: number } {
  return JSON.parse(process.argv[2] ?? '{}')
}

/** Listens, tells the supervisor where, and ends the program by `close` when the supervisor lets go of it. */
export function listenAsChild(
  server: Server,
  { port, host, close }: { port: number; host?: string; close: () => Promise<void> },
): void {
  server.once('error', ({ message, code, port }: NodeJS.ErrnoException & { port?: number }) => {
    tell({ failure: { message, ...(code && { code }), ...(port && { port }) } }, () => process.exit(1))
  })
  server.listen({ port, host }, () => tell({ port: (server.address() as AddressInfo).port }))
  // Ctrl-C reaches the whole process group; the demo decides when a child may go, by closing the channel between them.
  process.on('SIGINT', () => {})
  process.on('disconnect', () => close().finally(() => process.exit(0)))
}

function tell(message: Listening, then: () => void = () => {}): void {
  process.send?.(message, then)
}
