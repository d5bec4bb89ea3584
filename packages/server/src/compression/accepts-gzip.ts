/** Whether an `Accept-Encoding` header lets gzip through (RFC 9110, 12.5.3). Without one, nothing is compressed. */
export function acceptsGzip(header: string | null): boolean {
  let any: boolean | undefined
  for (const coding of (header ?? '').split(',')) {
    const [name = '', ...parameters] = coding.split(';').map((part) => part.trim().toLowerCase())
    const q = parameters.find((parameter) => parameter.startsWith('q='))
    const accepted = q === undefined || Number(q.slice(2)) > 0
    if (name === 'gzip' || name === 'x-gzip') return accepted
    if (name === '*') any = accepted
  }
  return any ?? false
}
