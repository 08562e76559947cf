import { newVad, type Vad } from './sherpa-library.ts'

/** What a detector was made for; it can't be changed later. */
interface VadKind {
  /** Absolute path. */
  readonly model: string
  readonly silenceSeconds: number
  readonly speechSeconds: number
}

/**
 * A detector loads its model anew: tens of ms on the thread that all sessions share, and some MB that the library gives back
 * late or never. So those of sessions that are over are used again, by who needs one of the same kind. Those that were used
 * longest ago come first.
 */
const idle: { readonly kind: string; readonly vad: Vad }[] = []
const kinds = new WeakMap<Vad, string>()
/** Of four sessions. Clients choose how long a silence is, so that there may be any number of kinds. */
const mostIdle = 8

/** One that has heard nothing. */
export function takeVad({ model, silenceSeconds, speechSeconds }: VadKind): Vad {
  const kind = `${silenceSeconds} ${speechSeconds} ${model}`
  const at = idle.findLastIndex(one => one.kind === kind)
  const [known] = at === -1 ? [] : idle.splice(at, 1)
  const vad = known?.vad ?? newVad(model, silenceSeconds, speechSeconds)
  kinds.set(vad, kind)
  return vad
}

/** Who gives it back uses it no more. */
export function giveVad(vad: Vad): void {
  const kind = kinds.get(vad)
  // Given twice, it would be taken twice.
  if (kind === undefined) throw new Error('a detector that was not taken')
  kinds.delete(vad)
  vad.reset()
  idle.push({ kind, vad })
  if (idle.length > mostIdle) idle.shift()
}

/** A first use, which shows whether the model works, and is slow. */
export function tryVad(model: string): void {
  const vad = takeVad({ model, silenceSeconds: 0.5, speechSeconds: 0.1 })
  vad.acceptWaveform(new Float32Array(512))
  giveVad(vad)
}
