import { VirtualClock } from '@rxsse/testing/virtual-time'
import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  Dictionary,
  Field,
  FixedSizeBinary,
  Float64,
  Int8,
  Int32,
  Int64,
  List,
  type RecordBatch,
  Schema,
  Struct,
  Table,
  TimeMillisecond,
  TimestampMicrosecond,
  TimestampMillisecond,
  TimestampSecond,
  tableFromIPC,
  tableToIPC,
  Uint8,
  Uint64,
  Utf8,
} from 'apache-arrow'
import fc from 'fast-check'
import { firstValueFrom, from, of, Subject, toArray } from 'rxjs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { toRecordBatches } from './to-record-batches.ts'

const schema = new Schema<{ symbol: Utf8; price: Float64 }>([
  new Field('symbol', new Utf8(), false),
  new Field('price', new Float64(), true),
])

const read = (batch: RecordBatch) =>
  tableFromIPC(tableToIPC(new Table([batch])))
    .toArray()
    .map((row) => row.toJSON())

function column(type: DataType, value: unknown, nullable = true): unknown {
  const errors: string[] = []
  let got: unknown
  of({ x: value })
    .pipe(toRecordBatches({ schema: new Schema([new Field('x', type, nullable)]) }))
    .subscribe({ next: (batch) => (got = batch.getChildAt(0)?.get(0)), error: (e) => errors.push(e.message) })
  return errors[0] ?? got
}

describe('toRecordBatches', () => {
  it('emits batches that Arrow readers can read', () => {
    const row = fc.record({ symbol: fc.string(), price: fc.option(fc.double({ noNaN: true })) })
    fc.assert(
      fc.property(
        fc.array(row, { maxLength: 30, size: 'max' }),
        fc.integer({ min: 1, max: 10 }),
        (rows, maxRows) => {
          const batches: RecordBatch[] = []
          from(rows)
            .pipe(toRecordBatches({ schema, maxRows }))
            .subscribe((b) => batches.push(b))
          expect(batches.flatMap(read)).toEqual(rows)
          for (const b of batches.slice(0, -1)) expect(b.numRows).toBe(maxRows)
        },
      ),
    )
  })

  it('emits a batch when it is full, or maxWait after its first row', () => {
    const clock = new VirtualClock()
    const source = new Subject<{ symbol: string; price?: number }>()
    const seen: [number, number][] = []
    source
      .pipe(toRecordBatches({ schema, maxRows: 2, maxWait: '1s', scheduler: clock }))
      .subscribe((b) => seen.push([clock.now(), b.numRows]))
    source.next({ symbol: 'a', price: 1 })
    source.next({ symbol: 'a' })
    clock.advanceTo(500)
    source.next({ symbol: 'b' })
    clock.runOut()
    expect(seen).toEqual([
      [0, 2],
      [1500, 1],
    ])
  })

  it.each<[DataType, unknown, unknown]>([
    [new Bool(), true, true],
    [new Int8(), -128, -128],
    [new Uint8(), 255, 255],
    [new Int64(), 5, 5n],
    [new Uint64(), 2n ** 64n - 1n, 2n ** 64n - 1n],
    [new Float64(), 1.5, 1.5],
    [new Utf8(), 'é', 'é'],
    [new TimestampMillisecond(), new Date(5), 5],
    [new TimestampMillisecond(), -1.5, -2],
    [new TimestampSecond(), 1999, 1000],
    [new TimestampMicrosecond(), 1.5, 1.5],
    [new TimestampMicrosecond(), 1.0001, 1],
    [new TimeMillisecond(), 5, 5],
    [new DateDay(), 86_400_000, 86_400_000],
    [new Dictionary(new Utf8(), new Int32()), 'x', 'x'],
    [new Utf8(), undefined, null],
  ])('stores in %s the value %s', (type, value, expected) => {
    expect(column(type, value)).toEqual(expected)
  })

  it('accepts bytes, lists and structs', () => {
    expect(column(new Binary(), new Uint8Array([1, 2]))).toEqual(new Uint8Array([1, 2]))
    expect([
      ...(column(new List(new Field('item', new Int32(), true)), [1, null]) as Iterable<unknown>),
    ]).toEqual([1, null])
    const struct = new Struct([new Field('a', new Int32()), new Field('b', new Utf8(), true)])
    expect(JSON.parse(String(column(struct, { a: 1 })))).toEqual({ a: 1, b: null })
  })

  it.each<[DataType, unknown, string]>([
    [new Int32(), '5', 'column x is Int32, got the string "5"'],
    [new Int32(), 1.5, 'column x is Int32, got the number 1.5'],
    [new Uint8(), 300, 'column x is Uint8, got the number 300'],
    [new Uint8(), -1, 'column x is Uint8, got the number -1'],
    [new Int64(), 2n ** 63n, 'column x is Int64, got the bigint 9223372036854775808'],
    [new Float64(), '1', 'column x is Float64, got the string "1"'],
    [new Utf8(), 5, 'column x is Utf8, got the number 5'],
    [new Bool(), 1, 'column x is Bool, got the number 1'],
    [new TimestampMillisecond(), 'now', 'column x is Timestamp<MILLISECOND>, got the string "now"'],
    [new FixedSizeBinary(3), new Uint8Array(2), 'column x is FixedSizeBinary[3], got an object with 0, 1'],
    [new List(new Field('item', new Int32())), ['a'], 'column x[] is Int32, got the string "a"'],
    [new List(new Field('item', new Int32())), { 0: 1 }, 'column x is List<Int32>, got an object with 0'],
    [new Struct([new Field('a', new Int32(), false)]), {}, 'column x.a must not be null'],
    [new Struct([new Field('a', new Int32())]), 'a', 'column x is Struct<{a:Int32}>, got the string "a"'],
  ])('refuses the %s %s', (type, value, message) => {
    expect(column(type, value)).toBe(message)
  })

  it('refuses null in a column that is not nullable, and goes on with onError', async () => {
    const errors: unknown[] = []
    const source: { symbol: string | null; price?: number }[] = [
      { symbol: 'a' },
      { symbol: null },
      { symbol: 'b' },
    ]
    const batches = await firstValueFrom(
      from(source).pipe(
        toRecordBatches({ schema, onError: (error, row) => errors.push([String(error), row]) }),
        toArray(),
      ),
    )
    expect(batches.flatMap(read)).toEqual([
      { symbol: 'a', price: null },
      { symbol: 'b', price: null },
    ])
    expect(errors).toEqual([['TypeError: column symbol must not be null', { symbol: null }]])
  })

  it('infers the types of its columns', () => {
    of({ symbol: 'a' })
      .pipe(toRecordBatches({ schema }))
      .subscribe((batch) =>
        expectTypeOf(batch).toEqualTypeOf<RecordBatch<{ symbol: Utf8; price: Float64 }>>(),
      )
  })

  it('refuses wrong options', () => {
    expect(() => toRecordBatches({ schema, maxRows: 0 })).toThrow(
      'toRecordBatches: maxRows must be a number of at least 1, not the number 0',
    )
    expect(() => toRecordBatches({ schema: {} as typeof schema })).toThrow(
      /^toRecordBatches: schema must be an Arrow Schema with fields/,
    )
  })
})

conformance<{ symbol: string }, unknown>('toRecordBatches', {
  operator: (options) => toRecordBatches({ schema, maxRows: 5, ...options }),
  input: (i) => ({ symbol: `s${i}` }),
})
