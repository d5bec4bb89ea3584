import { expect, it } from 'vitest'
import { formatBytes, formatCount, formatDuration, formatRate } from './format.ts'

it('counts are short', () => {
  expect([0, 999, 12_345, 123_456, 45_678_901].map(formatCount)).toEqual([
    '0',
    '999',
    '12,345',
    '123.5K',
    '45.7M',
  ])
})

it('rates are a second, or a minute if they are low', () => {
  expect([0, 0.001, 0.1, 1, 9.87, 12.3, 4_567].map(formatRate)).toEqual([
    '0/s',
    '1/min',
    '6/min',
    '1.0/s',
    '9.9/s',
    '12/s',
    '4,567/s',
  ])
})

it('bytes have a unit', () => {
  expect([0, 999, 1_000, 12_345, 5_000_000, 2e15].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '12 kB',
    '5.0 MB',
    '2,000 TB',
  ])
})

it('durations have the unit that fits', () => {
  expect([0, 999, 1_500, 45_000, 600_000, 7_300_000, 864_000_000, -1_500].map(formatDuration)).toEqual([
    '0 ms',
    '999 ms',
    '1.5 s',
    '45 s',
    '10 min',
    '2 h',
    '10 d',
    '−1.5 s',
  ])
})
