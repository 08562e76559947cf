import { join } from 'node:path'
import { namesIn, textOf } from '../lib/reachable.ts'
import { nvidiaSmi } from './nvidia-smi.ts'

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
  { program, root = '/', timeoutMs }: CardPlaces = {},
): Promise<CardMemory | undefined> {
  const told = await nvidiaSmi('memory.total,memory.used', signal, program, timeoutMs)
  return sumOf(told.flatMap(nvidiaCard)) ?? sumOf(amdCards(root))
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
