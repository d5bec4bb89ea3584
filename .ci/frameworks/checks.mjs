// What every framework must do with a sink and a `streamTo`. Each check gets the URL of the endpoints and a function
// that asks the control server of the application.
import assert from 'node:assert/strict'
import { open, sleep, until } from './client.mjs'

/** Some frameworks add the charset, which is always UTF-8. */
const EVENT_STREAM = /^text\/event-stream(; ?charset=utf-8)?$/
/** The client reads nothing while the server could send this much. */
const OFFERED_BYTES = 2_000 * 65_536
/** What sockets and the framework may hold for a client that does not read. */
const HELD_BYTES = 32 * 2 ** 20

export const checks = {
  'the head is that of an event stream, also where the client accepts gzip': async (url) => {
    const client = await open(`${url}/live`, { headers: { 'accept-encoding': 'gzip, br' } })
    assert.equal(client.status, 200)
    assert.match(client.headers['content-type'], EVENT_STREAM)
    assert.match(client.headers['cache-control'], /no-store/)
    assert.equal(client.headers['content-encoding'], undefined)
    assert.equal(client.headers['content-length'], undefined)
    client.leave()
  },

  'the first byte comes at once, and each event when it is published': async (url, control) => {
    const client = await open(`${url}/live`, { headers: { 'accept-encoding': 'gzip, br' } })
    await until('a first byte', () => client.text().includes('retry: '))
    for (let n = 1; n <= 3; n++) {
      await control('/publish')
      await until(`event ${n}`, () => client.text().split('event: n\n').length - 1 >= n)
    }
    client.leave()
  },

  'clients that leave are seen': async (url, control) => {
    await noneLeft(control)
    const clients = await Promise.all(Array.from({ length: 5 }, () => open(`${url}/live`)))
    await until('5 connections', async () => (await control()).connections === 5)
    for (const client of clients) client.leave()
    await noneLeft(control)
  },

  'the pipeline of a client that leaves a silent stream is unsubscribed': async (url, control) => {
    const client = await open(`${url}/quiet`)
    await until('the first event', () => client.text().includes('first'))
    assert.equal((await control()).running, 1)
    client.leave()
    await until('unsubscribed', async () => (await control()).running === 0)
  },

  'a client that leaves before the head is seen: in access, and in a pipeline': async (url, control) => {
    const { aborted } = await control()
    const leaving = new AbortController()
    const pending = [`${url}/live?slow=1`, `${url}/pending`].map((target) =>
      open(target, { signal: leaving.signal }).catch(() => {}),
    )
    await until('both requests', async () => {
      const counts = await control()
      return counts.pending === 1 && counts.running === 1
    })
    leaving.abort()
    await Promise.race([Promise.all(pending), sleep(100)])
    await until('the end of the pipeline', async () => (await control()).running === 0)
    await until('the abort in access', async () => (await control()).aborted === aborted + 1)
    await noneLeft(control)
  },

  'streamTo reads the body of a POST and ends properly': async (url) => {
    const client = await open(`${url}/answer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ question: 'one two three' }),
    })
    assert.equal(client.status, 200)
    await until('the end', () => client.ended())
    assert.equal(client.ended(), 'end')
    assert.deepEqual(
      Array.from(client.text().matchAll(/^data: (.*)$/gm), ([, data]) => data),
      ['one', 'two', 'three'],
    )
  },

  'HEAD gets only the head': async (url, control) => {
    const client = await open(`${url}/live`, { method: 'HEAD' })
    assert.equal(client.status, 200)
    assert.match(client.headers['content-type'], EVENT_STREAM)
    await until('the end', () => client.ended())
    await noneLeft(control)
  },

  'a preflight is answered, and a page of an allowed origin may read': async (url) => {
    const origin = 'https://app.example'
    const preflight = await open(`${url}/live`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'last-event-id',
      },
    })
    assert.equal(preflight.status, 204)
    assert.equal(preflight.headers['access-control-allow-origin'], origin)
    assert.match(preflight.headers['access-control-allow-headers'], /last-event-id/i)
    const client = await open(`${url}/live`, { headers: { origin } })
    assert.equal(client.headers['access-control-allow-origin'], origin)
    assert.match(client.headers.vary, /origin/i)
    client.leave()
  },

  'a pipeline is pulled at the pace of its client, and returned when it leaves': async (url, control) => {
    const before = await control()
    const client = await open(`${url}/flood`)
    client.pause()
    let produced = -1
    await until('a pause', async () => {
      const last = produced
      await sleep(500)
      produced = (await control()).produced - before.produced
      assert.ok(produced * 65_536 < OFFERED_BYTES, 'it is pulled without a bound')
      return produced === last
    })
    assert.ok(produced * 65_536 < HELD_BYTES, `${produced} messages of 64 KiB were pulled`)
    client.leave()
    await until('the return', async () => (await control()).returned === before.returned + 1)
  },

  'a client that does not read misses messages, and the process does not hold them': async (url, control) => {
    const before = await control()
    const client = await open(`${url}/live`)
    client.pause()
    await until('a connection', async () => (await control()).connections === 1)
    await control('/burst')
    const { skipped } = await control()
    const held = OFFERED_BYTES - (skipped - before.skipped) * 65_536
    assert.ok(held < HELD_BYTES, `${held} bytes are held`)
    client.leave()
    await noneLeft(control)
  },

  'an error after the head cuts the body': async (url) => {
    const client = await open(`${url}/broken`)
    assert.equal(client.status, 200)
    await until('the end', () => client.ended())
    assert.equal(client.ended(), 'cut')
    assert.match(client.text(), /data: 1\n\ndata: 2\n\n/)
  },

  // The last two, because nothing is served after them.
  'close of a streamTo cuts what it still sends': async (url, control) => {
    const client = await open(`${url}/quiet`)
    await until('the first event', () => client.text().includes('first'))
    await control('/close-streams')
    await until('the end', () => client.ended())
    assert.equal(client.ended(), 'cut')
    await until('unsubscribed', async () => (await control()).running === 0)
  },

  'close of a sink ends its bodies properly': async (url, control) => {
    const client = await open(`${url}/live`)
    await until('a connection', async () => (await control()).connections === 1)
    await control('/close-sink')
    await until('the end', () => client.ended())
    assert.equal(client.ended(), 'end')
    assert.deepEqual((await noneLeft(control)).errors, [])
  },
}

async function noneLeft(control) {
  return await until('no connection', async () => {
    const counts = await control()
    return counts.connections === 0 && counts
  })
}
