// room-kills [KILLS] [SEED] [WRITERS]: writers post to a room whose server is killed again and again; then the file is judged
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseBb } from '../../services/chat/bb/parse.ts'
import { Spawned } from '../support/spawned.ts'
import { tempDir } from '../support/temp.ts'
import { Random } from './random.ts'
import { textOf } from './room-text.ts'

export interface RoomKills {
  readonly kills: number
  readonly messages: number
  /** What is wrong with the file, in words. */
  readonly faults: readonly string[]
}

/** As many posts as the kills need; then everybody finishes, and every message has to be there once. */
export async function roomKills(kills: number, seed: number, writers: number): Promise<RoomKills> {
  await using folder = await tempDir()
  const random = new Random(seed)
  const socket = join(folder.path, 'socket')
  mkdirSync(join(folder.path, 'rooms'))
  const each = Math.ceil((kills * mostBetween) / writers)
  const start = async (): Promise<Spawned> => {
    const server = new Spawned('test/support/programs/room-server.ts', [folder.path, socket], {})
    await server.saw(/listening/)
    return server
  }
  let server = await start()
  const clients = Array.from({ length: writers }, (_, i) => {
    return new Spawned('test/support/programs/room-writer.ts', [socket, `writer${i}`, String(each)], {})
  })
  await using _ = all(clients)
  const acknowledged = new Bells(clients)
  let done = 0
  while (done < kills) {
    const over = await acknowledged.more(1 + random.below(mostBetween - 1))
    if (over) break
    await server[Symbol.asyncDispose]()
    server = await start()
    done++
  }
  await Promise.all(clients.map(client => client.ended()))
  await server[Symbol.asyncDispose]()
  const text = readFileSync(join(folder.path, 'rooms/kitchen.bb'), 'utf8')
  const faults = clients.flatMap((client, i) =>
    client.stderr === '' ? [] : [`writer${i}: ${client.stderr}`],
  )
  return { kills: done, messages: each * writers, faults: [...faults, ...judge(text, writers, each)] }
}

const mostBetween = 60

/** Waits for acknowledgements, of whichever writer. */
class Bells {
  #seen = 0
  #wake: (() => void) | undefined
  #living: number

  constructor(clients: readonly Spawned[]) {
    this.#living = clients.length
    for (const { child } of clients) {
      child.stdout?.on('data', (text: string) => {
        this.#seen += text.split('\n').length - 1
        this.#wake?.()
      })
      child.on('close', () => {
        this.#living--
        this.#wake?.()
      })
    }
  }

  /** Whether all writers have ended before so many more came. */
  async more(count: number): Promise<boolean> {
    const goal = this.#seen + count
    while (this.#seen < goal && this.#living > 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
    return this.#living === 0
  }
}

function judge(text: string, writers: number, each: number): string[] {
  const faults: string[] = []
  const messages = parseBb(text)
  if (messages.length !== writers * each)
    faults.push(`${messages.length} messages instead of ${writers * each}`)
  for (let i = 0; i < writers; i++) {
    const name = `writer${i}`
    const own = messages.filter(({ author }) => author === name).map(({ text }) => text)
    const expected = Array.from({ length: each }, (_, n) => textOf(name, n))
    const wrong = expected.findIndex((text, n) => own[n] !== text)
    if (wrong !== -1) faults.push(`${name}'s message ${wrong} is ${JSON.stringify(own[wrong]?.slice(0, 80))}`)
    if (own.length !== each) faults.push(`${name} has ${own.length} messages instead of ${each}`)
  }
  return faults
}

function all(clients: readonly Spawned[]): AsyncDisposable {
  return {
    [Symbol.asyncDispose]: async () => {
      await Promise.all(clients.map(client => client[Symbol.asyncDispose]()))
    },
  }
}

if (import.meta.main) {
  const [kills = 100, seed = 1, writers = 10] = process.argv.slice(2).map(Number)
  const result = await roomKills(kills, seed, writers)
  console.log(`${result.kills} kills, ${result.messages} messages by ${writers} writers, seed ${seed}`)
  console.log(result.faults.length === 0 ? 'all there, once, in order' : result.faults.join('\n'))
  process.exitCode = result.faults.length === 0 ? 0 : 1
}
