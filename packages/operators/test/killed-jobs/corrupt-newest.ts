import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { DatabaseSync } from 'node:sqlite'

/** Changes a byte of the newest snapshot of a store that nobody uses. Leaves the only snapshot alone: nothing could replace it. */
export async function corruptNewest(kind: string, path: string): Promise<void> {
  if (kind === 'sqlite') corruptRow(path)
  else if (kind === 'redis') await corruptPiece(path)
  else corruptFile(path)
}

/** `path`: the address of Redis, `#` and the name of the job. */
async function corruptPiece(path: string): Promise<void> {
  const [address = '', name = ''] = path.split('#')
  const { hostname, port } = new URL(address)
  const socket = connect(Number(port), hostname)
  const words = ['EVAL', CORRUPT_PIECE, '1', `{rxsse}:job:${name}:`]
  socket.write(`*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`)
  const [answer] = await once(socket, 'data')
  socket.destroy()
  if (!String(answer).startsWith(':')) throw new Error(`Redis answered ${answer}`)
}

const CORRUPT_PIECE = `
local headers = redis.call('HGETALL', KEYS[1] .. 'snapshots')
if #headers < 4 then return 0 end
local newest, id = 0, nil
for i = 1, #headers, 2 do
  local number = cjson.decode(headers[i + 1]).number
  if number > newest then newest, id = number, headers[i] end
end
local pieces = KEYS[1] .. 'snapshot:' .. id
local piece = redis.call('HGET', pieces, '0')
local at = math.floor(#piece * 2 / 3) + 1
local flipped = string.char(bit.bxor(string.byte(piece, at), 16))
redis.call('HSET', pieces, '0', string.sub(piece, 1, at - 1) .. flipped .. string.sub(piece, at + 1))
return 1
`

function corruptFile(path: string): void {
  const [newest, other] = [`${path}.1`, `${path}.2`]
    .filter((name) => existsSync(name))
    .map((name) => ({ name, bytes: readFileSync(name) }))
    .sort((a, b) => b.bytes.readDoubleBE(16) - a.bytes.readDoubleBE(16))
  if (newest === undefined || other === undefined) return
  flip(newest.bytes)
  writeFileSync(newest.name, newest.bytes)
}

function corruptRow(path: string): void {
  if (!existsSync(path)) return
  const database = new DatabaseSync(path)
  try {
    const [newest, other] = database
      .prepare('SELECT position, bytes FROM snapshot JOIN piece ON position = first ORDER BY number DESC')
      .all()
    if (!(newest?.bytes instanceof Uint8Array) || other === undefined) return
    flip(newest.bytes)
    database.prepare('UPDATE piece SET bytes = ? WHERE position = ?').run(newest.bytes, newest.position ?? 0)
  } catch (error) {
    // The process was killed before it had made the tables.
    if (!String(error).includes('no such table')) throw error
  } finally {
    database.close()
  }
}

function flip(bytes: Uint8Array): void {
  const at = Math.floor((bytes.length * 2) / 3)
  bytes[at] = (bytes[at] as number) ^ 0x10
}
