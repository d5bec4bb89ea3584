import { describeValue } from '@rxsse/shared'
import { DataType, type Field, type Float, type Int, type Timestamp, TimeUnit } from 'apache-arrow'

/**
 * Creates a function that converts a value for Arrow's builder of `field`. A missing value is null. Throws a
 * `TypeError` with the column's name if the value does not fit: the builders turn text into 0, and an Int8 of 300 into 44.
 */
export function createConverter(field: Field, path: string = field.name): (value: unknown) => unknown {
  const convert = createTypeConverter(field.type, path)
  return (value) => {
    if (value !== null && value !== undefined) return convert(value)
    if (field.nullable) return null
    throw new TypeError(`column ${path} must not be null`)
  }
}

function createTypeConverter(type: DataType, path: string): (value: unknown) => unknown {
  const createError = (value: unknown) =>
    new TypeError(`column ${path} is ${type}, got ${describeValue(value)}`)
  const expect =
    <T>(fits: (value: unknown) => value is T): ((value: unknown) => T) =>
    (value) => {
      if (fits(value)) return value
      throw createError(value)
    }
  if (DataType.isBool(type)) return expect((value) => typeof value === 'boolean')
  if (DataType.isInt(type)) return createIntegerConverter(type, createError)
  if (DataType.isFloat(type)) return expect<Float['TValue']>((value) => fitsFloat(type, value))
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return expect((value) => typeof value === 'string')
  if (DataType.isBinary(type) || DataType.isLargeBinary(type))
    return expect((value) => value instanceof Uint8Array)
  if (DataType.isFixedSizeBinary(type)) {
    return expect(
      (value): value is Uint8Array => value instanceof Uint8Array && value.length === type.byteWidth,
    )
  }
  if (DataType.isDate(type)) return (value) => new Date(Math.floor(toMilliseconds(value, createError)))
  if (DataType.isTimestamp(type)) {
    const [first, last] = rangeOf(type)
    return (value) => {
      const milliseconds = roundToUnit(type, toMilliseconds(value, createError))
      if (milliseconds >= first && milliseconds <= last) return milliseconds
      throw createError(value)
    }
  }
  if (DataType.isTime(type))
    return createIntegerConverter({ bitWidth: type.bitWidth, isSigned: true }, createError)
  if (DataType.isDuration(type)) return createIntegerConverter({ bitWidth: 64, isSigned: true }, createError)
  if (DataType.isDecimal(type)) {
    return expect(
      (value): value is Uint32Array => value instanceof Uint32Array && value.length * 32 <= type.bitWidth,
    )
  }
  if (DataType.isDictionary(type)) return createTypeConverter(type.dictionary, path)
  if (DataType.isList(type) || DataType.isFixedSizeList(type)) {
    const convertItem = createConverter(type.valueField, `${path}[]`)
    const length = DataType.isFixedSizeList(type) ? type.listSize : undefined
    return (value) => {
      if (Array.isArray(value) && (length === undefined || value.length === length))
        return value.map(convertItem)
      throw createError(value)
    }
  }
  if (DataType.isStruct(type)) {
    const fields = type.children.map((child) => ({
      name: child.name,
      convert: createConverter(child, `${path}.${child.name}`),
    }))
    return (value) => {
      if (typeof value !== 'object' || value === null) throw createError(value)
      return Object.fromEntries(fields.map(({ name, convert }) => [name, convert(readField(value, name))]))
    }
  }
  // The other types (intervals, maps, unions) take Arrow's own values.
  return (value) => value
}

/** The value of a field, which may be a getter of a class. What every object inherits, such as `constructor`, is no field. */
export function readField(row: object, name: string): unknown {
  return name in Object.prototype && !Object.hasOwn(row, name) ? undefined : Reflect.get(row, name)
}

/** The largest finite numbers of 16, 32 and 64 bits (IEEE 754), by Arrow's precision. */
const MAX_FLOATS = [65_504, 3.4028234663852886e38, Number.MAX_VALUE]

/** Arrow's builders write a number that is too large as another one. */
function fitsFloat({ precision }: Float, value: unknown): value is number {
  if (typeof value !== 'number') return false
  return !(Number.isFinite(value) && Math.abs(value) > (MAX_FLOATS[precision] as number))
}

function createIntegerConverter(
  type: Pick<Int, 'bitWidth' | 'isSigned'>,
  createError: (value: unknown) => TypeError,
): (value: unknown) => number | bigint {
  const bits = BigInt(type.bitWidth)
  const min = type.isSigned ? -(1n << (bits - 1n)) : 0n
  const max = (1n << (type.isSigned ? bits - 1n : bits)) - 1n
  return (value) => {
    if ((typeof value !== 'bigint' && !Number.isSafeInteger(value)) || value === undefined)
      throw createError(value)
    const exact = BigInt(value as number | bigint)
    if (exact < min || exact > max) throw createError(value)
    return type.bitWidth === 64 ? exact : Number(exact)
  }
}

function toMilliseconds(value: unknown, createError: (value: unknown) => TypeError): number {
  const milliseconds = value instanceof Date ? value.getTime() : value
  if (typeof milliseconds === 'number' && Math.abs(milliseconds) <= MAX_TIMESTAMP) return milliseconds
  throw createError(value)
}

/** The range of ECMAScript's time values. */
const MAX_TIMESTAMP = 8.64e15

/** The times of which 64 bits hold the number of units: nanoseconds end in the year 2262. */
function rangeOf({ unit }: Timestamp): readonly [first: number, last: number] {
  const largest = unit === TimeUnit.NANOSECOND ? Number(2n ** 63n / 1_000_000n) : MAX_TIMESTAMP
  return [-largest, largest]
}

/** Arrow's builders take milliseconds for every unit, and throw if they are not a whole number of the unit. */
function roundToUnit(type: Timestamp, milliseconds: number): number {
  if (type.unit === TimeUnit.SECOND) return Math.floor(milliseconds / 1000) * 1000
  return type.unit !== TimeUnit.MILLISECOND && Number.isInteger(milliseconds * 1000)
    ? milliseconds
    : Math.floor(milliseconds)
}
