/** Bands of magnitude, weakest first, based on the classes of the U.S. Geological Survey. */
export const BANDS = [
  { name: 'under 1', below: 1 },
  { name: '1 to 2.5', below: 2.5 },
  { name: '2.5 to 4.5', below: 4.5 },
  { name: '4.5 and up', below: Number.POSITIVE_INFINITY },
] as const

export function findBand(magnitude: number): string {
  return BANDS.find(({ below }) => magnitude < below)?.name ?? BANDS[3].name
}
