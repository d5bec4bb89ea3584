import { VirtualClock } from '@rxsse/testing/virtual-time'
import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  DateMillisecond,
  Decimal,
  Dictionary,
  DurationMillisecond,
  Field,
  FixedSizeBinary,
  FixedSizeList,
  Float16,
  Float32,
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
  TimestampNanosecond,
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

const triple = new FixedSizeList(3, new Field('item', new Int32(), true))

describe('toRecordBatches', () => {
  it('has null for a missing field that every object inherits, and reads the getters of a class', () => {
    class Car {
      get color() {
        return 'red'
      }
    }
    const names = ['constructor', '__proto__', 'toString', 'color']
    const cars = new Schema(names.map((name) => new Field(name, new Utf8(), true)))
    const rows: unknown[] = []
    of(new Car(), JSON.parse('{"constructor":"Lotus","__proto__":"x"}') as object)
      .pipe(toRecordBatches({ schema: cars }))
      .subscribe((batch) => {
        for (const row of batch.toArray()) rows.push(names.map((name, i) => [name, [...row][i]?.[1]]))
      })
    expect(rows).toEqual([
      [
        ['constructor', null],
        ['__proto__', null],
        ['toString', null],
        ['color', 'red'],
      ],
      [
        ['constructor', 'Lotus'],
        ['__proto__', 'x'],
        ['toString', null],
        ['color', null],
      ],
    ])
  })

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
    [new TimestampMicrosecond(), -2_208_988_800_000, -2_208_988_800_000],
    [new TimestampNanosecond(), -1.5, -1.5],
    [new DateMillisecond(), -1.5, -2],
    [new DateDay(), new Date(-1), -86_400_000],
    [new Float16(), 65_504, 65_504],
    [new Float16(), Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
    [new Float32(), 0.5, 0.5],
    [new Float32(), Number.NaN, Number.NaN],
    [new DurationMillisecond(), 5, 5n],
    [new Decimal(2, 10), new Uint32Array([150, 0, 0, 0]), expect.objectContaining({ length: 4, 0: 150 })],
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
    [triple, [1, 2], 'column x is FixedSizeList[3]<Int32>, got an array of 2'],
    [triple, [1, 2, 3, 4], 'column x is FixedSizeList[3]<Int32>, got an array of 4'],
    [new Float16(), 65_505, 'column x is Float16, got the number 65505'],
    [new Float32(), -1e39, 'column x is Float32, got the number -1e+39'],
    [
      new TimestampNanosecond(),
      Date.UTC(2300),
      `column x is ${new TimestampNanosecond()}, got the number ${Date.UTC(2300)}`,
    ],
    [
      new TimestampNanosecond(),
      Date.UTC(1600),
      `column x is ${new TimestampNanosecond()}, got the number ${Date.UTC(1600)}`,
    ],
    [new TimestampMillisecond(), 9e15, 'column x is Timestamp<MILLISECOND>, got the number 9000000000000000'],
    [new DateDay(), 9e15, 'column x is Date32<DAY>, got the number 9000000000000000'],
    [new DateDay(), new Date(Number.NaN), 'column x is Date32<DAY>, got an object with no keys'],
    [new TimeMillisecond(), 1.5, 'column x is Time32<MILLISECOND>, got the number 1.5'],
    [new TimeMillisecond(), 2 ** 31, 'column x is Time32<MILLISECOND>, got the number 2147483648'],
    [new DurationMillisecond(), 0.5, 'column x is Duration<MILLISECOND>, got the number 0.5'],
    [new Decimal(2, 10), 1.5, 'column x is Decimal[10e+2], got the number 1.5'],
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
      'toRecordBatches: maxRows must be a whole number of at least 1, or Infinity, not the number 0',
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
