// A node for tests to kill: it says that it has so many connections of a user.
// Arguments: the url of Redis, the user, how many, the ttl in milliseconds.
import { redisPresence } from '../../src/index.ts'

const [url = '', user = '', connections = '', ttl = ''] = process.argv.slice(2)

const presence = redisPresence({ url, ttl: Number(ttl), onError: () => {} })
for (let n = 0; n < Number(connections); n++) presence.next({ type: 'opened', user, rooms: [] })
