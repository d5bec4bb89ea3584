/** Grows from one try to the next, and does not let many nodes come back in step. */
export function pause(tries: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.min(10 * 2 ** tries, 500) * (1 + Math.random())))
}
