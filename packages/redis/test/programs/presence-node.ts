// A node that tests kill. It reports a number of connections of one user.
// Arguments: the URL of Redis, the user, the number, the ttl in milliseconds.
import { flushCompileCache } from 'node:module'
import { redisPresence } from '../../src/index.ts'

// It may be killed, and would not save it then.
flushCompileCache()

const [url = '', user = '', connections = '', ttl = ''] = process.argv.slice(2)

const presence = redisPresence({ url, ttl: Number(ttl), onError: () => {} })
for (let n = 0; n < Number(connections); n++) presence.next({ type: 'opened', user, rooms: [] })
