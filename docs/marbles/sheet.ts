/** A part of a diagram, drawn from y = 0 down. */
export interface Drawn {
  readonly svg: string
  readonly height: number
}

/** Narrow, so that it stays legible on a phone. */
export const WIDTH = 420

/** The horizontal range of the time axis. */
export const LEFT = 16
export const RIGHT = 404

export function xOf(seconds: number, until: number): number {
  return LEFT + (seconds / until) * (RIGHT - LEFT)
}
