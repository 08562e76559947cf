import { join } from 'node:path'
import { PortalClient } from '../../services/portal/client.ts'
import type { RequestInput } from '../../services/portal/transport.ts'
import { speech } from './speech.ts'

/** One small request of each kind of model, and what its answer has to be. */
export interface Kind {
  readonly service: string
  readonly model: string
  readonly request: RequestInput
  readonly files?: readonly { readonly name: string; readonly from: string }[]
  readonly isRight: (body: Readonly<Record<string, unknown>>) => boolean
}

/** A second of work or less for each. */
export const kinds: readonly Kind[] = [
  {
    service: 'llm',
    model: 'starter',
    request: {
      kind: 'chat',
      messages: [{ role: 'user', content: 'What is the capital of France?' }],
      temperature: 0,
      maxTokens: 24,
    },
    isRight: body => String(body['text']).includes('Paris'),
  },
  {
    service: 'stt',
    model: 'moonshine-tiny',
    request: { kind: 'transcribe', file: 'a.wav' },
    files: [{ name: 'a.wav', from: speech.path }],
    isRight: body => /fellow americans.*your country/i.test(String(body['text'])),
  },
  {
    service: 'tts',
    model: 'espeak-ng',
    request: { kind: 'speak', text: 'The quick brown fox.' },
    isRight: body => Number(body['audioSeconds']) > 0.5,
  },
]

/** Clients of all services of a home; each kept open, as a program would. */
export class CoreClients implements Disposable {
  readonly #spool: string
  readonly #clients = new Map<string, PortalClient>()

  constructor(home: string) {
    this.#spool = join(home, 'portals')
  }

  of(service: string): PortalClient {
    let client = this.#clients.get(service)
    if (client === undefined) {
      client = new PortalClient({ spool: this.#spool, service, user: 'me' })
      this.#clients.set(service, client)
    }
    return client
  }

  /** The body of a good result; throws with the words of a bad one. */
  async ask(
    service: string,
    request: RequestInput,
    files: Kind['files'] = [],
  ): Promise<Record<string, unknown>> {
    const job = await this.of(service).submit(request, { files })
    const result = await job.wait()
    if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`)
    return result
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients.values()) client[Symbol.dispose]()
  }
}
