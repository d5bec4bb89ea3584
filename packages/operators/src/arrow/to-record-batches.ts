import { type Duration, optionError, parsePositiveDuration } from '@rxsse/shared'
import { makeBuilder, makeData, RecordBatch, type Schema, Struct, type TypeMap } from 'apache-arrow'
import type { OperatorFunction, SchedulerLike } from 'rxjs'
import type { Part } from '../engine/queues/contiguous-prefix.ts'
import { createClock } from '../stage/clock.ts'
import { emitResult, followEvent, settleEvent } from '../stage/follow.ts'
import { operateSerialized, type StageOptions } from '../stage/operate.ts'
import { loadItems, saveItems } from '../stage/operator-state.ts'
import { requireLimit } from '../stage/require-limit.ts'
import { type OnError, rejectEvent } from '../stage/side-output.ts'
import { createConverter, readField } from './convert-value.ts'

export interface ToRecordBatchesOptions<T, S extends TypeMap> extends StageOptions {
  /** The columns. Each takes the field of its name from every row. A missing field is null. */
  readonly schema: Schema<S>
  /** How many rows a batch has. Default: 8,192. */
  readonly maxRows?: number
  /** How long a batch waits for more rows after its first one. Default: `'1s'`. */
  readonly maxWait?: Duration
  /** Takes the error and the row that does not fit. The row is left out. Default: the stream errors. */
  readonly onError?: OnError<T>
  /** The clock and its timers. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

/**
 * Collects rows into Arrow record batches, column by column, for an IPC stream, a Parquet writer or a dataframe.
 *
 * ```ts
 * const schema = new Schema([new Field('symbol', new Utf8()), new Field('price', new Float64())])
 * prices$.pipe(data(), toRecordBatches({ schema, maxRows: 1000, maxWait: '1s' }))
 * ```
 *
 * Each value must fit its column's type: text in a column of numbers is an error, not a 0. Dates and timestamps take
 * a `Date` or milliseconds. 64-bit integers take a bigint or a safe integer.
 *
 * Emits when there are `maxRows` rows, and `maxWait` after a batch's first row.
 * Drops nothing; rows that do not fit go to `onError`.
 * Completes when the source completes, after the open batch.
 * Unsubscribes from the source at once; the open batch is discarded.
 */
export function toRecordBatches<T extends object, S extends TypeMap>(
  options: ToRecordBatchesOptions<T, S>,
): OperatorFunction<T, RecordBatch<S>> {
  const { schema, maxWait = '1s', onError, stage } = options
  const clock = createClock(options.scheduler)
  const maxRows = requireLimit(options.maxRows ?? 8192, 'toRecordBatches: maxRows', 1)
  if (!Array.isArray(schema?.fields) || schema.fields.length === 0) {
    throw optionError('toRecordBatches: schema', 'an Arrow Schema with fields', schema)
  }
  const wait = parsePositiveDuration(maxWait, 'toRecordBatches: maxWait')
  const columns = schema.fields.map((field) => ({
    name: String(field.name),
    convert: createConverter(field),
  }))

  return operateSerialized<T, RecordBatch<S>>('toRecordBatches', stage, ({ out, counts, createTimer }) => {
    counts.tracker?.onStart()
    let rows: unknown[][] = []
    /** The events of the rows, if a `commit` follows them. */
    let parts: (Part<string> | undefined)[] = []
    const timer = createTimer(clock, emit)

    function emit(): void {
      if (rows.length === 0) return
      timer.clear()
      const all = rows
      rows = []
      const batched = parts
      parts = []
      // More than one if a state was restored from before the limit was lowered.
      for (let at = 0; at < all.length; at += maxRows) {
        const some = all.slice(at, at + maxRows)
        const batch = createBatch(schema, some)
        counts.out += some.length
        emitResult(counts, out, batch)
      }
      for (const part of batched) settleEvent(counts, part)
    }

    return {
      state: {
        shape: { schema: schema.fields.map(String) },
        usesClock: true,
        *save(writer) {
          timer.save(writer)
          yield* saveItems(writer, [...rows], (row) => writer.value(row))
        },
        restore(reader) {
          timer.load(reader, wait)
          loadItems(reader, () => rows.push(reader.value()))
        },
      },
      next(event) {
        const part = followEvent(counts, event)
        try {
          rows.push(columns.map(({ name, convert }) => convert(readField(event, name))))
        } catch (error) {
          rejectEvent(counts, onError, error, event)
          settleEvent(counts, part)
          return
        }
        if (part !== undefined) parts.push(part)
        if (rows.length >= maxRows) emit()
        else if (rows.length === 1) timer.set(clock.now() + wait)
      },
      complete() {
        emit()
        out.complete()
      },
    }
  })
}

function createBatch<S extends TypeMap>(
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
