export const EVENTS_PER_WRITE = 80

/** The text of each of 80 events. */
export function encodeEvents(write: number): string[] {
  return Array.from({ length: EVENTS_PER_WRITE }, (_, event) => encodeEvent(write * EVENTS_PER_WRITE + event))
}

/** An event of about 190 bytes, like those of a market feed or a change stream. */
function encodeEvent(index: number): string {
  const data = JSON.stringify({
    symbol: ['AAPL', 'AMZN', 'GOOG', 'IBM', 'MSFT'][index % 5],
    price: 100 + ((index * 7919) % 10_000) / 100,
    volume: 1000 + ((index * 104_729) % 90_000),
    side: index % 2 === 0 ? 'buy' : 'sell',
    venue: 'XNAS',
    at: 1_700_000_000_000 + index * 137,
    trader: `desk-${String(index % 97).padStart(3, '0')}`,
    note: 'continuous session trade, settled in 1 day',
  })
  return `id: ${String(index).padStart(7, '0')}\ndata: ${data}\n\n`
}
