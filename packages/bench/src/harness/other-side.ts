import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The process on the other side of a measured one, such as its server. */
export interface OtherSide<Ready, Question, Answer> {
  /** Its first message, such as a URL. */
  readonly ready: Ready
  /** Sends a question and resolves to the answer. Only one question may be open at a time. */
  ask(question: Question): Promise<Answer>
  stop(): Promise<void>
}

/**
 * Starts `module`, which calls {@link serveOtherSide}, in a new process. Resolves when it is ready.
 *
 * @example
 * ```ts
 * const sender = await startOtherSide<string>(new URL('./sender.js', import.meta.url))
 * sender.ready // 'http://127.0.0.1:41234'
 * ```
 */
export async function startOtherSide<Ready, Question = never, Answer = never>(
  module: URL,
  argument: unknown = null,
): Promise<OtherSide<Ready, Question, Answer>> {
  const child = fork(fileURLToPath(module), [JSON.stringify(argument)], { stdio: 'inherit' })
  const gone = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`${module.pathname.split('/').at(-1)} exited unexpectedly: ${code ?? signal}`)
  })
  // Each answer awaits this too. After `stop` its rejection is expected.
  gone.catch(() => {})
  const heard = async (): Promise<unknown> => (await Promise.race([once(child, 'message'), gone]))[0]
  return {
    ready: (await heard()) as Ready,
    async ask(question) {
      const answer = heard()
      child.send({ question })
      return (await answer) as Answer
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    },
  }
}

/**
 * Serves the other side in the process that {@link startOtherSide} started. `start` gets the argument and returns the
 * first message and the function that answers questions. The process exits with the measured one.
 */
export async function serveOtherSide<Argument, Ready, Question = never, Answer = never>(
  start: (
    argument: Argument,
  ) => Promise<{ ready: Ready; answer?(question: Question): Answer | Promise<Answer> }>,
): Promise<void> {
  process.once('disconnect', () => process.exit())
  const side = await start(JSON.parse(process.argv[2] ?? 'null'))
  process.on('message', async ({ question }: { question: Question }) => {
    process.send?.((await side.answer?.(question)) ?? null)
  })
  process.send?.(side.ready)
}
