/**
 * Whether two texts are the same. The time taken does not show at which character they differ: both
 * are hashed, and the whole hashes are compared.
 */
export async function compareSecret(given: string, secret: string): Promise<boolean> {
  const [one, other] = await Promise.all([digest(given), digest(secret)])
  let difference = 0
  for (let i = 0; i < one.byteLength; i++) difference |= one.getUint8(i) ^ other.getUint8(i)
  return difference === 0
}

async function digest(text: string): Promise<DataView> {
  return new DataView(await crypto.subtle.digest('SHA-256', ENCODER.encode(text)))
}

const ENCODER = new TextEncoder()
