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
  if (DataType.isFloat(type)) return expect<Float['TValue']>((value) => typeof value === 'number')
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return expect((value) => typeof value === 'string')
  if (DataType.isBinary(type) || DataType.isLargeBinary(type))
    return expect((value) => value instanceof Uint8Array)
  if (DataType.isFixedSizeBinary(type)) {
    return expect(
      (value): value is Uint8Array => value instanceof Uint8Array && value.length === type.byteWidth,
    )
  }
  if (DataType.isDate(type)) return (value) => new Date(toMilliseconds(value, createError))
  if (DataType.isTimestamp(type)) return (value) => roundToUnit(type, toMilliseconds(value, createError))
  if (DataType.isDictionary(type)) return createTypeConverter(type.dictionary, path)
  if (DataType.isList(type) || DataType.isFixedSizeList(type)) {
    const convertItem = createConverter(type.valueField, `${path}[]`)
    return (value) => {
      if (Array.isArray(value)) return value.map(convertItem)
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
      return Object.fromEntries(fields.map(({ name, convert }) => [name, convert(Reflect.get(value, name))]))
    }
  }
  // The other types (decimals, times, unions) take Arrow's own values.
  return (value) => value
}

function createIntegerConverter(
  type: Int,
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
  if (typeof milliseconds === 'number' && Number.isFinite(milliseconds)) return milliseconds
  throw createError(value)
}

/** Arrow's builders take milliseconds for every unit, and throw if they are not a whole number of the unit. */
function roundToUnit(type: Timestamp, milliseconds: number): number {
  if (type.unit === TimeUnit.SECOND) return Math.floor(milliseconds / 1000) * 1000
  return type.unit !== TimeUnit.MILLISECOND && Number.isInteger(milliseconds * 1000)
    ? milliseconds
    : Math.floor(milliseconds)
}
