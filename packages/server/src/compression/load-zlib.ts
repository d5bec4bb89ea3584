/** node:zlib, loaded when it is needed, because not every runtime has it. */
export function loadZlib(): typeof import('node:zlib') {
  const zlib = typeof process === 'undefined' ? undefined : process.getBuiltinModule?.('node:zlib')
  if (zlib === undefined) throw new Error("compression: 'shared' needs node:zlib")
  return zlib
}
