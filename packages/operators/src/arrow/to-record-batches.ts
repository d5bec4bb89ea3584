import { makeBuilder, makeData, RecordBatch, type Schema, Struct, type TypeMap } from 'apache-arrow'
import { asyncScheduler, type OperatorFunction, type SchedulerLike } from 'rxjs'
import { type Duration, positiveMilliseconds } from '../duration.ts'
import { shapeOf } from '../shape.ts'
import { operateInTurn } from '../stage/operate.ts'
import { type OnError, reject } from '../stage/reject.ts'
import { cellReader } from './cell.ts'

export interface ToRecordBatchesOptions<T, S extends TypeMap> {
  /** The columns. Each takes the field of its name from every row; a missing field is null. */
  readonly schema: Schema<S>
  /** How many rows make a batch. Default: 8,192. */
  readonly maxRows?: number
  /** How long a batch waits for more after its first row. Default: `'1s'`. */
  readonly maxWait?: Duration
  /** Takes what is wrong with a row that does not fit the schema; the row is left out. Default: the stream errors. */
  readonly onError?: OnError<T>
  /** The clock and its timers. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

/**
 * Gathers rows into Arrow record batches, column by column, for an IPC stream, a Parquet writer or a dataframe.
 *
 * ```ts
 * const schema = new Schema([new Field('symbol', new Utf8()), new Field('price', new Float64())])
 * prices$.pipe(data(), toRecordBatches({ schema, maxRows: 1000, maxWait: '1s' }))
 * ```
 *
 * Values are checked against their column's type: a text in a column of numbers is an error, not a 0. Dates and
 * timestamps take a `Date` or milliseconds; 64-bit integers a bigint or a safe integer.
 *
 * Emits when there are `maxRows` rows, and `maxWait` after a batch's first row.
 * Drops nothing; rows that do not fit go to `onError`.
 * Completes when the source completes, after the batch under way.
 * Unsubscribes from the source at once; the batch under way is discarded.
 */
export function toRecordBatches<T extends object, S extends TypeMap>(
  options: ToRecordBatchesOptions<T, S>,
): OperatorFunction<T, RecordBatch<S>> {
  const { schema, maxRows = 8192, maxWait = '1s', onError, scheduler = asyncScheduler } = options
  if (!(maxRows >= 1))
    throw new RangeError(`toRecordBatches: maxRows must be at least 1, not ${shapeOf(maxRows)}`)
  if (!Array.isArray(schema?.fields) || schema.fields.length === 0) {
    throw new TypeError(`toRecordBatches: schema must be an Arrow Schema with fields, not ${shapeOf(schema)}`)
  }
  const wait = positiveMilliseconds('toRecordBatches: maxWait', maxWait)
  const columns = schema.fields.map((field) => ({ name: String(field.name), cell: cellReader(field) }))

  return operateInTurn<T, RecordBatch<S>>(({ out, ledger, alarm }) => {
    let rows: unknown[][] = []
    const patience = alarm(scheduler, give)

    function give(): void {
      if (rows.length === 0) return
      patience.clear()
      const batch = batchOf(schema, rows)
      ledger.out += rows.length
      rows = []
      out.next(batch)
    }

    return {
      next(event) {
        try {
          rows.push(columns.map(({ name, cell }) => cell(Reflect.get(event, name))))
        } catch (error) {
          reject(ledger, onError, error, event)
          return
        }
        if (rows.length >= maxRows) give()
        else if (rows.length === 1) patience.set(scheduler.now() + wait)
      },
      complete() {
        give()
        out.complete()
      },
    }
  })
}

function batchOf<S extends TypeMap>(
  schema: Schema<S>,
  rows: readonly (readonly unknown[])[],
): RecordBatch<S> {
  const children = schema.fields.map((field, i) => {
    const builder = makeBuilder({ type: field.type, nullValues: [null] })
    for (const row of rows) builder.append(row[i])
    return builder.finish().flush()
  })
  const type = new Struct<S>(schema.fields)
  return new RecordBatch<S>(schema, makeData({ type, length: rows.length, nullCount: 0, children }))
}
