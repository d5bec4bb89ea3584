import { expect, it } from 'vitest'
import { storageCheckpoint } from './storage-checkpoint.ts'

function storage() {
  const items = new Map<string, string>()
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
  }
}

it('keeps an id under its key', () => {
  const shared = storage()
  const checkpoint = storageCheckpoint(shared, 'a')
  expect(checkpoint.load()).toBeUndefined()
  checkpoint.save('1')
  checkpoint.save('')
  storageCheckpoint(shared, 'b').save('2')
  expect(checkpoint.load()).toBe('')
  expect(storageCheckpoint(shared, 'b').load()).toBe('2')
})

it('throws the error of a full storage', () => {
  const full = {
    ...storage(),
    setItem: () => {
      throw new Error('QuotaExceededError')
    },
  }
  expect(() => storageCheckpoint(full, 'a').save('1')).toThrow('QuotaExceededError')
})
