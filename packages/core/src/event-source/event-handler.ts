/**
 * An event handler IDL attribute, such as `onmessage` (HTML standard, 8.1.8.1).
 *
 * The first handler takes its place among the listeners, and later ones take it over. `null` gives
 * the place up.
 */
export class EventHandler<T, E extends Event> {
  readonly #target: T & EventTarget
  readonly #type: string
  #value: ((this: T, event: E) => unknown) | null = null

  constructor(target: T & EventTarget, type: string) {
    this.#target = target
    this.#type = type
  }

  get value(): ((this: T, event: E) => unknown) | null {
    return this.#value
  }

  set value(value: ((this: T, event: E) => unknown) | null) {
    // WebIDL, [LegacyTreatNonObjectAsNull]: an object that cannot be called is kept and not called.
    const isObject = typeof value === 'function' || typeof value === 'object'
    this.#value = isObject ? value : null
    if (platformCallsHandlers()) return
    if (this.#value === null) this.#target.removeEventListener(this.#type, this.#listener)
    else this.#target.addEventListener(this.#type, this.#listener)
  }

  readonly #listener = (event: Event): void => {
    if (typeof this.#value === 'function') this.#value.call(this.#target, event as E)
  }
}

/** Whether any `EventTarget` calls its property `on<type>`, as in workerd. */
function platformCallsHandlers(): boolean {
  if (calledByPlatform === undefined) {
    calledByPlatform = false
    const target = Object.assign(new EventTarget(), {
      onprobe() {
        calledByPlatform = true
      },
    })
    target.dispatchEvent(new Event('probe'))
  }
  return calledByPlatform
}

let calledByPlatform: boolean | undefined
