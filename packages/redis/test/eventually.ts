/** Resolves when a condition that sockets bring about is true, a turn of the event loop later at the soonest. */
export async function eventually(condition: () => boolean): Promise<void> {
  do await new Promise((resolve) => setTimeout(resolve, 1))
  while (!condition())
}
