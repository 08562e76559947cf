/** Of stable-diffusion.cpp, which draws a bar: `|====>     | 3/20 - 1.05it/s`. Loading has bytes a second. */
const bars = /(\d+)\/(\d+) - [^\s/]*?(it\/s|s\/it|[MG]B\/s)/g
/** More than a bar that has not ended. */
const maxTail = 200

export interface Bar {
  readonly type: 'step' | 'loading'
  readonly done: number
  readonly of: number
}

/** The bars in what it prints, whatever pieces that comes in: it ends none with a line before the next is there. */
export class Steps {
  #tail = ''

  take(text: string): Bar[] {
    const all = this.#tail + text
    const found = [...all.matchAll(bars)]
    const last = found.at(-1)
    this.#tail = (last === undefined ? all : all.slice(last.index + last[0].length)).slice(-maxTail)
    return found.map(([, done, of, unit = '']) => ({
      type: unit.endsWith('B/s') ? 'loading' : 'step',
      done: Number(done),
      of: Number(of),
    }))
  }
}
