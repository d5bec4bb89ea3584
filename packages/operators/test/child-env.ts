/** The environment of a program of these tests. Most of its start goes into compiling its modules. */
export const CHILD_ENV: NodeJS.ProcessEnv = {
  ...process.env,
  NODE_COMPILE_CACHE: new URL('../.results/compile-cache', import.meta.url).pathname,
}
