import { describeValue, optionError } from '@rxsse/shared'
import { checkSteps } from '../steps.ts'
import type { Attempt, ResponseAttempt, Script } from './script.ts'

/** Throws a `TypeError` that names what is wrong with a script. What a function gives is checked by {@link checkAttempt} later. */
export function checkScript(script: Script): void {
  if (typeof script === 'function') return
  if (!Array.isArray(script)) throw optionError('script', 'a list of attempts or a function', script)
  for (const [index, attempt] of script.entries()) checkAttempt(attempt, `script[${index}]`)
}

/** Throws a `TypeError` that names what is wrong with an attempt. */
export function checkAttempt(attempt: Attempt, option: string): void {
  if (typeof attempt !== 'object' || attempt === null) {
    throw optionError(option, 'an attempt such as { status: 200, body: [] } or { raw: [] }', attempt)
  }
  if ('raw' in attempt) checkSteps(attempt.raw, `${option}.raw`)
  else checkResponse(attempt, option)
}

const FRAMINGS = ['chunked', 'length', 'close', 'none']

function checkResponse({ status, headers = {}, framing, body }: ResponseAttempt, option: string): void {
  if (!Number.isInteger(status) || status < 100 || status > 999) {
    throw optionError(`${option}.status`, 'a whole number from 100 to 999', status)
  }
  if (framing !== undefined && !FRAMINGS.includes(framing)) {
    throw optionError(`${option}.framing`, "'chunked', 'length', 'close' or 'none'", framing)
  }
  for (const [name, value] of Object.entries(headers)) {
    const isList = Array.isArray(value) && value.every((one) => typeof one === 'string')
    if (value === null || typeof value === 'string' || isList) continue
    throw new TypeError(
      `${option}.headers: ${name} must be a string, a list of strings or null, not ${describeValue(value)}`,
    )
  }
  checkSteps(body, `${option}.body`)
}
