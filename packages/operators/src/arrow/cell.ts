import { DataType, type Field, type Float, type Int, type Timestamp, TimeUnit } from 'apache-arrow'
import { shapeOf } from '../shape.ts'

/**
 * Turns values into what Arrow's builders take for a field, null for a missing one. Throws a `TypeError` that names the
 * column where the value does not fit: the builders themselves make a 0 of a text, and a 44 of 300 in eight bits.
 */
export function cellReader(field: Field, path: string = field.name): (value: unknown) => unknown {
  const convert = converter(field.type, path)
  return (value) => {
    if (value !== null && value !== undefined) return convert(value)
    if (field.nullable) return null
    throw new TypeError(`column ${path} must not be null`)
  }
}

function converter(type: DataType, path: string): (value: unknown) => unknown {
  const unfit = (value: unknown) => new TypeError(`column ${path} is ${type}, got ${shapeOf(value)}`)
  const expect =
    <T>(fits: (value: unknown) => value is T): ((value: unknown) => T) =>
    (value) => {
      if (fits(value)) return value
      throw unfit(value)
    }
  if (DataType.isBool(type)) return expect((value) => typeof value === 'boolean')
  if (DataType.isInt(type)) return integer(type, unfit)
  if (DataType.isFloat(type)) return expect<Float['TValue']>((value) => typeof value === 'number')
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return expect((value) => typeof value === 'string')
  if (DataType.isBinary(type) || DataType.isLargeBinary(type))
    return expect((value) => value instanceof Uint8Array)
  if (DataType.isFixedSizeBinary(type)) {
    return expect(
      (value): value is Uint8Array => value instanceof Uint8Array && value.length === type.byteWidth,
    )
  }
  if (DataType.isDate(type)) return (value) => new Date(millisecondsOf(value, unfit))
  if (DataType.isTimestamp(type)) return (value) => wholeUnits(type, millisecondsOf(value, unfit))
  if (DataType.isDictionary(type)) return converter(type.dictionary, path)
  if (DataType.isList(type) || DataType.isFixedSizeList(type)) {
    const item = cellReader(type.valueField, `${path}[]`)
    return (value) => {
      if (Array.isArray(value)) return value.map(item)
      throw unfit(value)
    }
  }
  if (DataType.isStruct(type)) {
    const cells = type.children.map((child) => ({
      name: child.name,
      cell: cellReader(child, `${path}.${child.name}`),
    }))
    return (value) => {
      if (typeof value !== 'object' || value === null) throw unfit(value)
      return Object.fromEntries(cells.map(({ name, cell }) => [name, cell(Reflect.get(value, name))]))
    }
  }
  // What is left (decimals, times, unions) takes values of Arrow's own making.
  return (value) => value
}

function integer(type: Int, unfit: (value: unknown) => TypeError): (value: unknown) => number | bigint {
  const bits = BigInt(type.bitWidth)
  const min = type.isSigned ? -(1n << (bits - 1n)) : 0n
  const max = (1n << (type.isSigned ? bits - 1n : bits)) - 1n
  return (value) => {
    if ((typeof value !== 'bigint' && !Number.isSafeInteger(value)) || value === undefined) throw unfit(value)
    const exact = BigInt(value as number | bigint)
    if (exact < min || exact > max) throw unfit(value)
    return type.bitWidth === 64 ? exact : Number(exact)
  }
}

function millisecondsOf(value: unknown, unfit: (value: unknown) => TypeError): number {
  const milliseconds = value instanceof Date ? value.getTime() : value
  if (typeof milliseconds === 'number' && Number.isFinite(milliseconds)) return milliseconds
  throw unfit(value)
}

/** Arrow's builders take milliseconds whatever the unit, and throw where they make no whole number of it. */
function wholeUnits(type: Timestamp, milliseconds: number): number {
  if (type.unit === TimeUnit.SECOND) return Math.floor(milliseconds / 1000) * 1000
  return type.unit !== TimeUnit.MILLISECOND && Number.isInteger(milliseconds * 1000)
    ? milliseconds
    : Math.floor(milliseconds)
}
