/** A message of about 220 bytes on the wire. Its number lets readers check that all messages arrive in order. */
export interface PriceMessage {
  readonly type: 'price'
  readonly id: string
  readonly data: { readonly n: number; readonly [field: string]: unknown }
}

export function createPriceMessage(n: number): PriceMessage {
  return {
    type: 'price',
    id: `k7f3q9-${n}`,
    data: {
      n,
      symbol: ['AAPL', 'AMZN', 'GOOG', 'IBM', 'MSFT'][n % 5],
      price: 100 + ((n * 7919) % 10_000) / 100,
      volume: 1000 + ((n * 104_729) % 90_000),
      side: n % 2 === 0 ? 'buy' : 'sell',
      venue: 'XNAS',
      at: 1_700_000_000_000 + n * 137,
      trader: `desk-${String(n % 97).padStart(3, '0')}`,
      note: 'continuous session, auction at the close',
    },
  }
}

export function encodePrice({ type, id, data }: PriceMessage): string {
  return `event: ${type}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`
}
