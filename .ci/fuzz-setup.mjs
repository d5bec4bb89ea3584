// A setup file of vitest: all properties have the seed of `pnpm fuzz`.
import fc from 'fast-check'

fc.configureGlobal({ seed: Number(process.env.FUZZ_SEED) })
