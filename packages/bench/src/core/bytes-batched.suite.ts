import type { Suite } from '../harness/suite.ts'
import { BYTES_TARGETS, createByteReaders } from './byte-readers.ts'

export const suite: Suite = {
  title: 'Events of bytes in memory, 80 events a chunk',
  description:
    'A web stream of chunks that are already there, with events of about 190 bytes, read to its end.',
  operation: 'event',
  operations: { full: 300_000, quick: 100_000, warmUp: 100_000 },
  contenders: createByteReaders(80),
  targets: BYTES_TARGETS,
}
