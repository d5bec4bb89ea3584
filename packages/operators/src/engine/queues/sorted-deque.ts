import type { StateReader, StateWriter } from '../../stage/operator-state.ts'

/**
 * Values in the order of their numbers, for numbers that mostly rise. Adding at the end, reading the last and removing the
 * first are O(1). Other numbers are found by binary search.
 */
export class SortedDeque<V> {
  #numbers: number[] = []
  #values: V[] = []
  #head = 0

  get length(): number {
    return this.#numbers.length - this.#head
  }

  numberAt(position: number): number {
    return this.#numbers[this.#head + position] ?? Number.NaN
  }

  valueAt(position: number): V {
    const value = this.#values[this.#head + position]
    if (value === undefined) throw new RangeError(`no value at ${position} of ${this.length}`)
    return value
  }

  get(number: number): V | undefined {
    const last = this.#numbers.length - 1
    // Nearly every call asks for the newest number.
    if (last >= this.#head && this.#numbers[last] === number) return this.#values[last]
    const position = this.lowerBound(number)
    return this.numberAt(position) === number ? this.#values[this.#head + position] : undefined
  }

  set(number: number, value: V): void {
    const last = this.#numbers.length - 1
    if (last < this.#head || number > (this.#numbers[last] as number)) {
      this.#numbers.push(number)
      this.#values.push(value)
      return
    }
    const index = this.#head + this.lowerBound(number)
    if (this.#numbers[index] === number) this.#values[index] = value
    else {
      this.#numbers.splice(index, 0, number)
      this.#values.splice(index, 0, value)
    }
  }

  /** Adds a value after those with the same number. Returns its position. */
  insert(number: number, value: V): number {
    let index = this.#numbers.length
    // Nearly every number is the highest so far.
    while (index > this.#head && (this.#numbers[index - 1] as number) > number) index--
    if (index === this.#numbers.length) {
      this.#numbers.push(number)
      this.#values.push(value)
    } else {
      this.#numbers.splice(index, 0, number)
      this.#values.splice(index, 0, value)
    }
    return index - this.#head
  }

  /** The position of the first number that is not below `number`. `length` if there is none. */
  lowerBound(number: number): number {
    const last = this.#numbers.length - 1
    // Nearly every call asks for the newest number.
    if (last >= this.#head && this.#numbers[last] === number) return last - this.#head
    let low = this.#head
    let high = this.#numbers.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#numbers[middle] as number) < number) low = middle + 1
      else high = middle
    }
    return low - this.#head
  }

  shift(): void {
    this.#head++
    if (this.#head >= 64 && this.#head * 2 >= this.#numbers.length) {
      this.#numbers = this.#numbers.slice(this.#head)
      this.#values = this.#values.slice(this.#head)
      this.#head = 0
    }
  }
}

/** Writes the numbers, each as its distance from the one before, and after each what `saveValue` writes. Undefined: none. */
export function saveByNumber<V>(
  deque: SortedDeque<V> | undefined,
  writer: StateWriter,
  saveValue: (value: V) => void,
): void {
  const length = deque?.length ?? 0
  writer.number(length)
  if (deque === undefined) return
  let before = 0
  for (let i = 0; i < length; i++) {
    const number = deque.numberAt(i)
    // A sum of floats does not always undo their difference.
    if (before + (number - before) === number) writer.number(number - before)
    else {
      writer.value(undefined)
      writer.number(number)
    }
    before = number
    saveValue(deque.valueAt(i))
  }
}

/** Calls back with each number that {@link saveByNumber} has written, to read its value. */
export function loadByNumber(reader: StateReader, loadValue: (number: number) => void): void {
  let number = 0
  for (let left = reader.number(); left > 0; left--) {
    const distance = reader.value<number | undefined>()
    number = distance === undefined ? reader.number() : number + distance
    loadValue(number)
  }
}
