/** Resolves when all that promises have under way has been done, on any runtime. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}
