/** What an interpreter finds. The hot path: nothing here may throw. */
export interface BlockHandler {
  onEvent(type: string, data: string): void
  /** The last event ID that a block sets, before the block's event. */
  onId(id: string): void
  onRetry(milliseconds: number): void
  readonly onComment: ((text: string) => void) | undefined
}

/**
 * Makes the function that interprets whole blocks of an event stream (HTML standard, 9.2.6): text without a byte order mark that
 * begins where a block does. What comes after its last empty line is a block that was never finished: its fields are dropped, but
 * for `retry`, which counts as soon as its line ends.
 *
 * `types` are the events to tell of, undefined for all. Of others, nothing is made but their ids.
 */
export function createInterpreter(
  handler: BlockHandler,
  types: ReadonlySet<string> | undefined,
): (text: string) => void {
  let lastType = 'message'

  return (input) => {
    const text = input.includes('\r') ? input.replace(/\r\n?/g, '\n') : input
    let type = 'message'
    let id: string | undefined
    // Data of one line is a place in the text until it is known to be wanted; -1 where there is none.
    let dataStart = -1
    let dataEnd = -1
    let lines: string | undefined

    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; start = end + 1, end = text.indexOf('\n', start)) {
      if (end === start) {
        if (id !== undefined) handler.onId(id)
        if (dataStart !== -1 && (types?.has(type) ?? true)) {
          handler.onEvent(type, lines ?? text.slice(dataStart, dataEnd))
        }
        type = 'message'
        id = lines = undefined
        dataStart = -1
        continue
      }
      const first = text.charCodeAt(start)
      if (first === d && isField(text, 'data', start, end)) {
        const value = valueStart(text, start + 4)
        if (dataStart === -1) {
          dataStart = value
          dataEnd = end
        } else {
          lines = `${lines ?? text.slice(dataStart, dataEnd)}\n${text.slice(value, end)}`
        }
      } else if (first === e && isField(text, 'event', start, end)) {
        const value = valueStart(text, start + 5)
        // Streams repeat their types: one string serves them all.
        if (end - value !== lastType.length || !text.startsWith(lastType, value)) {
          lastType = text.slice(value, end) || 'message'
        }
        type = lastType
      } else if (first === i && isField(text, 'id', start, end)) {
        const value = text.slice(valueStart(text, start + 2), end)
        if (!value.includes('\0')) id = value
      } else if (first === r && isField(text, 'retry', start, end)) {
        const value = text.slice(valueStart(text, start + 5), end)
        if (/^\d+$/.test(value)) handler.onRetry(Number(value))
      } else if (first === colon && handler.onComment !== undefined) {
        handler.onComment(text.slice(valueStart(text, start), end))
      }
    }
  }
}

const colon = 58
const d = 100
const e = 101
const i = 105
const r = 114

/** Whether the line has that field: its name, then a colon or the end of the line. */
function isField(text: string, name: string, start: number, end: number): boolean {
  const after = start + name.length
  return text.startsWith(name, start) && (after === end || text.charCodeAt(after) === colon)
}

/** Where the value starts after the field's name ends: past the colon and one space. Of a line without a colon, that is past its end. */
function valueStart(text: string, nameEnd: number): number {
  return text.charCodeAt(nameEnd + 1) === 32 ? nameEnd + 2 : nameEnd + 1
}
