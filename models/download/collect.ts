import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Collect = (options: { readonly type: 'minor' | 'major' }) => void

let collect: Collect | undefined
let seen = 0
let minors = 0
const minorAfter = 4 * 2 ** 20
const minorsToMajor = 32

/**
 * Called with what came in; collects garbage once in a while. A socket makes a buffer of 64 KB for each read, of which V8 sees
 * only the small handle: left alone, it lets 100 MB of dead ones pile up. A minor collection takes less than a millisecond;
 * the few buffers that outlive two of them, and what starting up left, need a major one, of a few.
 */
export function collectAfter(bytes: number): void {
  seen += bytes
  if (seen < minorAfter) return
  seen = 0
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as Collect
    setFlagsFromString('--no-expose-gc')
  }
  collect({ type: minors++ % minorsToMajor === 0 ? 'major' : 'minor' })
}
