import type { Model, Models } from '../../../../services/backend/protocol.ts'
import { kindInWords } from './words.ts'

export interface Group {
  readonly title: string
  readonly models: readonly Model[]
}

const inMemory = ['ready', 'loading', 'unloading']
const onTheWay = ['absent', 'fetching']

/** Language models to choose from, the nearest first. What is neither here nor to be got is left out. */
export function toChoose(models: readonly Model[], search: string): readonly Group[] {
  const fit = models.filter(model => model.kind === 'llm' && model.engine !== '' && isFound(model, search))
  const groups = [
    { title: 'In memory', models: fit.filter(({ state }) => inMemory.includes(state.type)) },
    { title: 'Installed', models: fit.filter(({ state }) => state.type === 'installed') },
    {
      title: 'Can be got',
      models: fit.filter(model => onTheWay.includes(model.state.type) && isToBeGot(model)),
    },
  ]
  return groups.filter(({ models }) => models.length > 0)
}

export interface KindGroup {
  readonly kind: Model['kind']
  readonly here: readonly Model[]
  readonly toGet: readonly Model[]
}

const kinds: readonly Model['kind'][] = ['llm', 'stt', 'tts', 'image', 'embedding', 'rerank', 'vad']

/** All models by what they are for: those here or on their way here, in memory first, and those that can be got. */
export function byKind(models: readonly Model[], search: string): readonly KindGroup[] {
  const found = models.filter(model => isFound(model, search))
  return kinds
    .map(kind => {
      const ofKind = found.filter(model => model.kind === kind)
      const here = ofKind.filter(({ state }) => state.type !== 'absent')
      return {
        kind,
        here: here.sort((a, b) => rank(a) - rank(b) || a.title.localeCompare(b.title)),
        toGet: ofKind.filter(({ state }) => state.type === 'absent'),
      }
    })
    .filter(({ here, toGet }) => here.length > 0 || toGet.length > 0)
}

/** The one that requests of this kind get that name none. */
export function defaultOf(models: readonly Model[], kind: Model['kind']): Model | undefined {
  return models.find(model => model.kind === kind && model.isDefault)
}

export interface Segment {
  readonly id: string
  readonly title: string
  readonly bytes: number
}

export interface Bar {
  readonly device: string
  readonly budget: number
  readonly used: number
  readonly segments: readonly Segment[]
}

/** What is in the memory of each device, the largest first. What is reserved and not measured yet counts as used only. */
export function memoryBars({
  budget,
  used,
  models,
}: Pick<Models, 'budget' | 'used' | 'models'>): readonly Bar[] {
  return Object.entries(budget).map(([device, most]) => ({
    device,
    budget: most,
    used: used[device] ?? 0,
    segments: models
      .flatMap(({ id, title, state }) =>
        state.type === 'ready'
          ? [{ id, title, bytes: device === 'memory' ? state.measured : (state.gpu[device] ?? 0) }]
          : [],
      )
      .filter(({ bytes }) => bytes > 0)
      .sort((a, b) => b.bytes - a.bytes),
  }))
}

/** `memory` is the machine's own, `gpu` that of its graphics cards together. */
export function deviceInWords(device: string): string {
  return { memory: 'Memory of this machine', gpu: 'Memory of the graphics card' }[device] ?? device
}

function isToBeGot({ download, state }: Model): boolean {
  return download !== null || state.type === 'fetching'
}

function rank({ state, isDefault }: Model): number {
  if (state.type === 'fetching') return 3
  return (inMemory.includes(state.type) ? 0 : 2) - (isDefault ? 1 : 0)
}

/** Each word anywhere in what is shown of it. */
function isFound({ id, title, kind, licence }: Model, search: string): boolean {
  const text = `${id} ${title} ${kindInWords[kind].title} ${licence}`.toLowerCase()
  return search
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word))
}
