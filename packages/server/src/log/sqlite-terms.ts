import type { DatabaseSync } from 'node:sqlite'
import { createEpoch, type Term } from './id.ts'

/**
 * The terms of a log in a database. Each opening that appends something begins one. If entries are lost, because the machine
 * crashed or an older copy of the file was put back, they were of an earlier term. So what takes their offsets has other ids.
 */
export class SqliteTerms {
  readonly #database: DatabaseSync
  #all: readonly Term[]
  /** Whether the last term is that of this opening. */
  #hasBegun: boolean

  /** `last`: the last offset that the log has. */
  constructor(database: DatabaseSync, last: number) {
    this.#database = database
    database.exec(SCHEMA)
    const rows = database.prepare('SELECT epoch, base FROM term ORDER BY number').all()
    this.#all = rows.map(({ epoch, base }) => ({ epoch: String(epoch), base: Number(base) }))
    this.#hasBegun = false
    // A client may get an id before the first entry.
    if (rows.length === 0) this.begin(last)
  }

  get all(): readonly Term[] {
    return this.#all
  }

  /** Call it before each entry. `last`: the last offset before it. */
  begin(last: number): void {
    if (this.#hasBegun) return
    const term = { epoch: createEpoch(), base: last }
    this.#database.prepare('INSERT INTO term (epoch, base) VALUES (?, ?)').run(term.epoch, term.base)
    this.#all = [...this.#all, term].slice(-MAX_TERMS)
    this.#hasBegun = true
    this.#database.exec(`DELETE FROM term WHERE number <= (SELECT max(number) FROM term) - ${MAX_TERMS}`)
  }
}

/** An id of an older term counts as one of another log. */
const MAX_TERMS = 1_000

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS term (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    epoch TEXT NOT NULL,
    base INTEGER NOT NULL
  ) STRICT;
`
