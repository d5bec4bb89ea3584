/** Asked for when it is needed, as not every runtime that this package is for has it. */
export function builtinZlib(): typeof import('node:zlib') {
  const zlib = typeof process === 'undefined' ? undefined : process.getBuiltinModule?.('node:zlib')
  if (zlib === undefined) throw new Error("compression: 'shared' needs node:zlib")
  return zlib
}
