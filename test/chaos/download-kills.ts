import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { rmSync } from 'node:fs'
import { blockBytes, pieceBytes } from '../../models/download/partial.ts'
import { downloadRig, type DownloadRig } from '../support/download-rig.ts'
import { Random } from './random.ts'

/** Usage: `node test/chaos/download-kills.ts [KILLS [SEED]]` */
const program = join(import.meta.dirname, '../support/programs/download.ts')

export interface Toll {
  readonly kills: number
  /** How many files came whole meanwhile. */
  readonly files: number
  /** The most bytes that one kill made the server send twice. */
  readonly most: number
  /** Over all kills. */
  readonly twice: number
}

/**
 * Downloads one file after the other and kills the downloading process (SIGKILL) at random moments. After each kill there is no
 * file under the final name, or the right one; the server counts what it sends.
 */
export async function killOften(kills: number, seed: number): Promise<Toll> {
  const random = new Random(seed)
  await using rig = await downloadRig(160 * pieceBytes)
  rig.server.rate = 6e6
  const toll = { kills: 0, files: 0, most: 0, twice: 0 }
  while (toll.kills < kills) {
    const began = rig.server.sent
    let killed = 0
    const finished = await downloadOne(rig, () => {
      if (toll.kills === kills || random.next() < 0.05) return undefined
      toll.kills++
      killed++
      return 100 + random.below(900)
    })
    assert.ok(finished)
    const twice = rig.server.sent - began - rig.server.content.length
    assert.ok(twice <= killed * blockBytes, `${killed} kills made it send ${twice} bytes twice`)
    toll.files++
    toll.twice += twice
    toll.most = Math.max(toll.most, killed === 0 ? 0 : Math.ceil(twice / killed))
    rmSync(join(rig.modelsDir, 'm'), { recursive: true })
    rmSync(join(rig.modelsDir, 'lock.json'))
    rig.server.content = randomBytes(rig.server.content.length)
    rig.server.etag = `"${toll.files}"`
  }
  return toll
}

/** `next`: after how many ms the next run is killed; undefined: not at all. */
async function downloadOne(rig: DownloadRig, next: () => number | undefined): Promise<boolean> {
  for (;;) {
    const call = JSON.stringify({ modelsDir: rig.modelsDir, model: rig.model() })
    const child = spawn(process.execPath, [program, call], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    const ended = once(child, 'close') as Promise<[number | null]>
    const after = next()
    if (after !== undefined) {
      const stop = new AbortController()
      await Promise.race([ended, delay(after, undefined, { signal: stop.signal }).catch(() => undefined)])
      stop.abort()
      child.kill('SIGKILL')
    }
    const [code] = await ended
    const final = rig.final()
    assert.ok(
      final === undefined || final.equals(rig.server.content),
      'a file that is not right has the final name',
    )
    if (code === null) continue
    assert.match(text, /done\n$/)
    assert.ok(final !== undefined)
    assert.deepEqual(rig.partials(), [])
    return true
  }
}

if (import.meta.main) {
  const [kills = 200, seed = 1] = process.argv.slice(2).map(Number)
  const began = performance.now()
  const toll = await killOften(kills, seed)
  console.log(toll, `${((performance.now() - began) / 1000).toFixed(0)} s, a block is ${blockBytes} bytes`)
}
