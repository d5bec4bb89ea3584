/** Keeps the newest values for a short time, up to a total weight. */
export class RecentMap<Value> {
  readonly #maxWeight: number
  readonly #lifetime: number
  readonly #weigh: (value: Value) => number
  readonly #values = new Map<string, { readonly value: Value; readonly time: number }>()
  #weight = 0

  /** `lifetime` is in milliseconds. Each value weighs 1 unless `weigh` says otherwise. */
  constructor(maxWeight: number, lifetime: number, weigh: (value: Value) => number = () => 1) {
    this.#maxWeight = maxWeight
    this.#lifetime = lifetime
    this.#weigh = weigh
  }

  get(key: string): Value | undefined {
    const known = this.#values.get(key)
    return known === undefined || performance.now() - known.time > this.#lifetime ? undefined : known.value
  }

  set(key: string, value: Value): void {
    this.#delete(key)
    this.#values.set(key, { value, time: performance.now() })
    this.#weight += this.#weigh(value)
    for (const oldest of this.#values.keys()) {
      if (this.#weight <= this.#maxWeight) break
      this.#delete(oldest)
    }
  }

  clear(): void {
    this.#values.clear()
    this.#weight = 0
  }

  #delete(key: string): void {
    const known = this.#values.get(key)
    if (known === undefined) return
    this.#values.delete(key)
    this.#weight -= this.#weigh(known.value)
  }
}
