/** Thenables of another library. Each resolves whenever the test calls its function, also more than once. */
export function createThenables<T>() {
  const settle: ((value: T) => void)[] = []
  const create = (): Promise<T> =>
    ({
      // biome-ignore lint/suspicious/noThenProperty: it is a thenable.
      then(resolve: (value: T) => void) {
        settle.push(resolve)
      },
    }) as Promise<T>
  return { settle, create }
}
