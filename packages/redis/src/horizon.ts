/** The highest offset this process knows to have been given: by it, Redis having gone back is told. */
export class Horizon {
  #offset = 0

  get offset(): number {
    return this.#offset
  }

  raise(offset: number): void {
    if (offset > this.#offset) this.#offset = offset
  }
}
