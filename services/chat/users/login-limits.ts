/** How many wrong tries cost nothing, and what the ones after them cost: 1 s, doubled each time, up to `mostMs`. */
interface Rule {
  readonly free: number
  readonly mostMs: number
}

/** A household or an office may be behind one address. */
const ofAddress: Rule = { free: 20, mostMs: 5 * 60_000 }
/** Short, since a stranger can bring it about: see `knownFrom`. */
const ofName: Rule = { free: 5, mostMs: 30_000 }
const ofPair: Rule = { free: 5, mostMs: 5 * 60_000 }
/** After so long without a wrong try, all is forgotten. */
const forgottenMs = 15 * 60_000
const mostEntries = 10_000

interface Tries {
  count: number
  last: number
}

/**
 * Slows down who guesses passwords, by name and by address. Nobody can lock out somebody else: from an address where the
 * user has logged in before, only the wrong tries of that very address count, and not those of the rest of the world.
 *
 * A try counts as wrong from its beginning, so that a hundred at once are a hundred. Memory is bounded: of 10,000 names and
 * addresses the one that was quiet for longest is forgotten first.
 */
export class LoginLimits {
  readonly #tries = new Map<string, Tries>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** Ms to wait, or 0: then the try has begun. `knownFrom`: the user has logged in from this address before. */
  begin(address: string, name: string | undefined, knownFrom: boolean): number {
    const rules = rulesOf(address, name, knownFrom)
    const wait = Math.max(...rules.map(([key, rule]) => this.#waitOf(key, rule)))
    if (wait > 0) return wait
    for (const [key] of rules) this.#count(key)
    return 0
  }

  /** It came to nothing, and tells nothing about the password. */
  withdraw(address: string, name: string | undefined): void {
    for (const [key] of rulesOf(address, name, false)) {
      const tries = this.#tries.get(key)
      if (tries !== undefined && --tries.count <= 0) this.#tries.delete(key)
    }
  }

  /** It was right. The address keeps its count but for this try: else one's own login would buy new guesses at others. */
  succeeded(address: string, name: string | undefined): void {
    this.withdraw(address, undefined)
    if (name === undefined) return
    this.#tries.delete(`name ${fold(name)}`)
    this.#tries.delete(`pair ${address} ${fold(name)}`)
  }

  get size(): number {
    return this.#tries.size
  }

  #waitOf(key: string, { free, mostMs }: Rule): number {
    const tries = this.#tries.get(key)
    if (tries === undefined || this.#isOld(tries) || tries.count < free) return 0
    const delay = Math.min(mostMs, 1000 * 2 ** Math.min(30, tries.count - free))
    return Math.max(0, tries.last + delay - this.#now())
  }

  #count(key: string): void {
    const before = this.#tries.get(key)
    const count = before === undefined || this.#isOld(before) ? 0 : before.count
    // Put behind all others: a Map keeps the order in which its keys came.
    this.#tries.delete(key)
    this.#tries.set(key, { count: count + 1, last: this.#now() })
    if (this.#tries.size <= mostEntries) return
    const [oldest] = this.#tries.keys()
    if (oldest !== undefined) this.#tries.delete(oldest)
  }

  #isOld({ last }: Tries): boolean {
    return this.#now() - last > forgottenMs
  }
}

function rulesOf(address: string, name: string | undefined, knownFrom: boolean): [string, Rule][] {
  const rules: [string, Rule][] = [[`address ${address}`, ofAddress]]
  if (name === undefined) return rules
  rules.push([`pair ${address} ${fold(name)}`, ofPair])
  if (!knownFrom) rules.push([`name ${fold(name)}`, ofName])
  return rules
}

/** What somebody typed may be long. */
function fold(name: string): string {
  return name.slice(0, 64).normalize('NFKC').toLowerCase()
}
