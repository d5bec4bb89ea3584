import { expect, it } from 'vitest'
import { TabLock } from './tab-lock.ts'

it('a request that is given up in the same turn takes the lock from nobody', async () => {
  const requests: object[] = []
  const locks = {
    async request(_name: string, options: object): Promise<void> {
      requests.push(options)
    },
  }
  const fail = (): void => expect.fail('nothing was asked')
  const lock = new TabLock(locks, 'prices', {
    onLockGranted: fail,
    onLockUnavailable: fail,
    onLockLost: fail,
    onLocksRefused: fail,
  })
  lock.request('steal')
  lock.release()
  await Promise.resolve()
  await Promise.resolve()
  expect(requests).toEqual([])
  lock.request('steal')
  await Promise.resolve()
  expect(requests).toEqual([{ steal: true }])
})
