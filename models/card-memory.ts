import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { namesIn, textOf } from '../lib/reachable.ts'

/** Of the graphics cards that models can use, all together, in bytes. */
export interface CardMemory {
  readonly total: number
  /** By whichever program. */
  readonly used: number
}

export interface CardPlaces {
  /** NVIDIA's. */
  readonly program?: string
  /** Of the file system. */
  readonly root?: string
  readonly timeoutMs?: number
}

/** Below this it is the part of the machine's memory that a built-in card has for itself. */
const leastOwn = 2e9

/**
 * NVIDIA's cards by their own program, or else AMD's by what their driver says; llama.cpp takes no mixture of both. Undefined: there
 * is none, its driver does not answer, or not in time, or nobody knows its memory.
 */
export async function cardMemory(
  signal: AbortSignal,
  { program = 'nvidia-smi', root = '/', timeoutMs = 5000 }: CardPlaces = {},
): Promise<CardMemory | undefined> {
  const query = ['--query-gpu=memory.total,memory.used', '--format=csv,noheader,nounits']
  const told = await new Promise<string>(resolve => {
    // Without a driver that keeps running, the program starts one, which takes seconds.
    const options = { timeout: timeoutMs, killSignal: 'SIGKILL', signal } as const
    execFile(program, query, options, (error, stdout) => resolve(error === null ? stdout : ''))
  })
  return sumOf(told.split('\n').flatMap(nvidiaCard)) ?? sumOf(amdCards(root))
}

function nvidiaCard(line: string): CardMemory[] {
  const [, total, used] = /^\s*(\d+),\s*(\d+)\s*$/.exec(line) ?? []
  return total === undefined ? [] : [{ total: Number(total) * 2 ** 20, used: Number(used) * 2 ** 20 }]
}

function amdCards(root: string): CardMemory[] {
  const drm = join(root, 'sys/class/drm')
  return namesIn(drm)
    .filter(name => /^card\d+$/.test(name))
    .map(name => ({
      total: Number(textOf(join(drm, name, 'device/mem_info_vram_total'))),
      used: Number(textOf(join(drm, name, 'device/mem_info_vram_used'))),
    }))
    .filter(({ total, used }) => total > leastOwn && used >= 0)
}

function sumOf(cards: readonly CardMemory[]): CardMemory | undefined {
  if (cards.length === 0) return undefined
  return cards.reduce((sum, card) => ({ total: sum.total + card.total, used: sum.used + card.used }))
}
