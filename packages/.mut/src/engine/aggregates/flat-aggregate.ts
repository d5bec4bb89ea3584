import type { StateReader, StateWriter } from '../../stage/operator-state.ts'
import type { Aggregate } from './aggregate.ts'
import type { Cells } from './cells.ts'

/** An aggregate of a few numbers. It lifts an event by adding it to an empty accumulator, which is cheap. */
export abstract class FlatAggregate<T, R> implements Aggregate<T, R> {
  abstract readonly kind: string
  abstract readonly width: number
  abstract clear(cells: Cells, at: number): void
  abstract add(cells: Cells, at: number, event: T): void
  abstract merge(cells: Cells, into: number, from: number): void
  abstract copy(cells: Cells, to: number, from: number): void
  abstract result(cells: Cells, at: number): R

  lift(cells: Cells, at: number, event: T): void {
    this.clear(cells, at)
    this.add(cells, at, event)
  }

  addLifted(cells: Cells, into: number, lifted: number): void {
    this.merge(cells, into, lifted)
  }

  save({ numbers }: Cells, at: number, writer: StateWriter): void {
    for (let i = at; i < at + this.width; i++) writer.number(numbers[i] as number)
  }

  load({ numbers }: Cells, at: number, reader: StateReader): void {
    for (let i = at; i < at + this.width; i++) numbers[i] = reader.number()
  }
}
