import { Random } from './random.ts'

export type Role = 'client' | 'claimer'

/**
 * What becomes of a process, counted in its own events and changes of the file system and not in time. `change`: it kills
 * itself before that change. `kill`: SIGKILL behind that event. `stop`: SIGSTOP behind it, SIGCONT when the storm
 * has had `resumeAfter` more events (and its lease is over), SIGKILL behind another `after`. `live`: nothing.
 */
export type Fate =
  | { readonly type: 'live' }
  | { readonly type: 'change'; readonly change: number }
  | { readonly type: 'kill'; readonly after: number }
  | { readonly type: 'stop'; readonly after: number; readonly resumeAfter: number }

/** Of clients three (submitted, collected, removed), of claimers two (begun, ended) for each request. */
const eventsOfRequest = { client: 3, claimer: 2 } as const
/** About what a client changes for one request; a claimer dies of changes in its start, where recovery is. */
const changesOfRequest = 7
const changesOfStart = 120

/** The fate of the `life`th process of a role: the same for the same seed. `pace`: requests for each kill. */
export function fateOf(seed: number, role: Role, life: number, pace: number): Fate {
  const random = randomOf(seed, role === 'client' ? 1 : 2, life)
  const share = random.next()
  // Six kills of ten are for clients. Those by `change` come sooner, so that none is left over at the end.
  const requests = (pace / (role === 'client' ? 0.6 : 0.4)) * 1.05
  const after = 1 + random.below(Math.ceil(2 * requests * eventsOfRequest[role]))
  const changes = role === 'client' ? Math.ceil(2 * requests * changesOfRequest) : changesOfStart
  if (share < 0.25) return { type: 'change', change: 1 + random.below(changes) }
  if (role === 'claimer' && share < 0.32)
    return { type: 'stop', after: 1 + (after % 50), resumeAfter: random.below(200) }
  return { type: 'kill', after }
}

/** One claimer of four is in Python. The first is not, so that it is there at once. */
export function isPython(seed: number, life: number): boolean {
  return life > 0 && randomOf(seed, 3, life).below(4) === 0
}

/** A request of the storm, derived from the seed, so that whoever knows its number knows its answer. */
export interface StormRequest {
  readonly id: string
  readonly value: number
  /** Which of the attachments travels with it and comes back turned round. */
  readonly attachment: number | undefined
  /** It says so many lines while it runs. */
  readonly lines: number
  /** A client that was killed submits it again, accepted or not; others only look for what was accepted. */
  readonly resubmits: boolean
}

export function requestOf(seed: number, slot: number, number: number): StormRequest {
  const random = randomOf(seed, 4 + slot, number)
  return {
    id: `s${seed}-${slot}-${number}`,
    value: random.below(1_000_000),
    attachment: random.below(4) === 0 ? random.below(attachmentSizes.length) : undefined,
    lines: random.below(8) === 0 ? 3 : 0,
    resubmits: random.below(4) === 0,
  }
}

/** The number within its slot. */
export function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf('-') + 1))
}

/** In bytes: around a page's border, and more than one write. */
const attachmentSizes = [0, 1, 4095, 4096, 4097, 70_000, 200_000]

/** The bytes of all attachments. */
export function attachmentsOf(seed: number): Buffer[] {
  return attachmentSizes.map((size, i) => {
    const random = randomOf(seed, 3, i + 1)
    return Buffer.from(Uint8Array.from({ length: size }, () => random.below(256)))
  })
}

function randomOf(seed: number, kind: number, number: number): Random {
  return new Random(
    Math.imul(seed, 0x9e3779b1) ^ Math.imul(kind, 0x85ebca6b) ^ Math.imul(number + 1, 0xc2b2ae35),
  )
}
