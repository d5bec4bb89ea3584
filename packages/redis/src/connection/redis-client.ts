/** The methods that rxsse calls on a client of the `redis` package, version 6 or newer. */
export interface RedisClient {
  readonly isOpen: boolean
  /** Only of `createClient`. */
  readonly options?: { readonly socket?: object }
  duplicate(overrides?: object): RedisClient
  connect(): Promise<unknown>
  destroy(): unknown
  on(event: string, listener: (error: unknown) => void): unknown
  eval(script: string, options: ScriptArguments): Promise<unknown>
  evalSha(sha1: string, options: ScriptArguments): Promise<unknown>
  /** The same client, whose answers have the given types. */
  withTypeMapping(types: Record<number, unknown>): unknown
  xRead(stream: { key: string; id: string }, options: { COUNT: number; BLOCK: number }): Promise<unknown>
}

export interface ScriptArguments {
  keys: string[]
  arguments: (string | Buffer)[]
}
