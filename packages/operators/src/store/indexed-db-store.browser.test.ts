import { createScriptedServer, type ScriptedServer, snapshotStoreLaws } from '@rxsse/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundle } from '../../../core/test/bundle.ts'
import { launchChromium, noChromium } from '../../../core/test/chromium.ts'
import type { StorePage } from '../../test/indexed-db-page.ts'

declare const page: StorePage

type Browser = Awaited<ReturnType<typeof launchChromium>>
type Context = Awaited<ReturnType<Browser['newContext']>>
type Tab = Awaited<ReturnType<Browser['newPage']>>

describe.skipIf(noChromium !== undefined)('indexedDbStore in Chromium', () => {
  let script: string
  let browser: Browser
  /** The tabs of one context share their storage. */
  let context: Context
  let home: ScriptedServer
  let tab: Tab

  beforeAll(async () => {
    script = await bundle(new URL('../../test/indexed-db-page.ts', import.meta.url))
    browser = await launchChromium()
    context = await browser.newContext()
    home = await createScriptedServer(({ path }) => {
      const file = path === '/page.js' ? ['text/javascript', script] : ['text/html', HTML]
      return { status: 200, headers: { 'content-type': file[0] as string }, body: [file[1] as string] }
    })
    tab = await openTab()
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await home?.close()
  })

  async function openTab(): Promise<Tab> {
    const opened = await context.newPage()
    await opened.goto(home.url)
    await opened.waitForFunction(() => 'page' in globalThis)
    return opened
  }

  for (const { title } of snapshotStoreLaws({ createPlace: () => ({}) as never })) {
    it(title, () => tab.evaluate((law) => page.check(law), title))
  }

  it('bundles nothing of Node', () => {
    expect(script).not.toMatch(/["']node:|\b(Buffer|require)\b/)
  })

  it('tells at once that its options are wrong, or that there is no IndexedDB', async () => {
    const thrown = await tab.evaluate(() => {
      try {
        page.indexedDbStore({ name: '' })
      } catch (error) {
        return String(error)
      }
    })
    expect(thrown).toBe('TypeError: indexedDbStore: name must be the name of a database, not the string ""')
  })

  it('refuses to save after another tab has', async () => {
    const other = await openTab()
    const save = (where: Tab, number: number) =>
      where.evaluate(async (n) => {
        const store = page.stores.get('tabs') ?? page.indexedDbStore({ name: 'tabs' })
        page.stores.set('tabs', store)
        return await Promise.resolve(store.save({ number: n, chunks: [page.bytes(3, n)] })).then(
          () => 'saved',
          (error) => error.code,
        )
      }, number)
    expect(await save(tab, 1)).toBe('saved')
    expect(await save(other, 2)).toBe('saved')
    expect(await save(tab, 3)).toBe('superseded')
    expect(await save(other, 3)).toBe('saved')
    await other.close()
  })

  it('goes on with a new connection if the browser closes the one it has, at any moment of a save', async () => {
    const found = await tab.evaluate(async () => {
      const store = page.indexedDbStore({ name: 'closed' })
      const numbers: string[] = []
      for (let number = 1; number <= 12; number++) {
        const saving = store.save({ number, chunks: [page.bytes(2_000_000, number)] })
        for (let wait = 0; wait < number % 6; wait++) await new Promise((resolve) => setTimeout(resolve))
        page.closeConnections()
        await saving
        page.closeConnections()
        const { number: loaded, chunks, damaged } = (await store.load()) ?? { chunks: [] }
        const isRight = chunks.every((chunk) => chunk.every((byte) => byte === number))
        numbers.push(`${loaded} ${isRight} ${damaged}`)
      }
      await store.close?.()
      return numbers
    })
    expect(found).toEqual(Array.from({ length: 12 }, (_, n) => `${n + 1} true undefined`))
  })

  it('begins anew if the browser deletes its database', async () => {
    const session = await context.newCDPSession(tab)
    const save = (number: number) =>
      tab.evaluate(async (n) => {
        const store = page.stores.get('deleted') ?? page.indexedDbStore({ name: 'deleted' })
        page.stores.set('deleted', store)
        await store.save({ number: n, chunks: [page.bytes(3, n)] })
        return (await store.load())?.number
      }, number)
    expect(await save(1)).toBe(1)
    await session.send('Storage.clearDataForOrigin', { origin: home.url, storageTypes: 'indexeddb' })
    expect(await save(2)).toBe(2)
  })

  it('has an intact snapshot after a tab was closed at any moment of a save', async () => {
    let last = 0
    for (let life = 0; life < 6; life++) {
      const dying = await openTab()
      await dying.evaluate(async () => {
        const store = page.indexedDbStore({ name: 'dying' })
        const loaded = await store.load()
        const save = async (number: number) => {
          await store.save({ number, chunks: [page.bytes(3_000_000, number), page.bytes(5, number)] })
          Object.assign(globalThis, { saved: number })
          save(number + 1)
        }
        save((loaded?.number ?? 0) + 1)
      })
      await dying.waitForFunction((number) => ((globalThis as { saved?: number }).saved ?? 0) > number, last)
      await dying.waitForTimeout((life * 13) % 50)
      const saved = await dying.evaluate(() => (globalThis as { saved?: number }).saved ?? 0)
      await dying.close()
      const loaded = await tab.evaluate(async () => {
        const store = page.indexedDbStore({ name: 'dying' })
        const { number = 0, chunks = [], damaged } = (await store.load()) ?? {}
        await store.close?.()
        return {
          number,
          isRight: chunks.every((chunk) => chunk.every((byte) => byte === number % 256)),
          damaged,
        }
      })
      expect(loaded).toMatchObject({ isRight: true, damaged: undefined })
      expect(loaded.number).toBeGreaterThanOrEqual(saved)
      last = loaded.number
    }
  })
})

const HTML = '<!doctype html><title>page</title><script type="module" src="/page.js"></script>'
