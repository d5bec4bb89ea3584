/** A part of a picture, drawn from y = 0 down. */
export interface Drawn {
  readonly svg: string
  readonly height: number
}

/** Narrow, so that it is legible at the width of a phone without being scaled down much. */
export const WIDTH = 420

/** Where time begins and ends. */
export const LEFT = 16
export const RIGHT = 404

export function xOf(seconds: number, until: number): number {
  return LEFT + (seconds / until) * (RIGHT - LEFT)
}
