/** The text of a body that is kept, up to a limit in bytes. */
export class Body {
  readonly #decoder = new TextDecoder()
  #text = ''
  #left: number

  constructor(limit: number) {
    this.#left = limit
  }

  get text(): string {
    return this.#text
  }

  /** Takes a piece. Returns false if the body is larger than the limit. Nothing may be added then. */
  add(bytes: Uint8Array): boolean {
    this.#text += this.#decoder.decode(bytes.subarray(0, this.#left), { stream: true })
    this.#left -= bytes.length
    return this.#left >= 0
  }
}
