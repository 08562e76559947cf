import { type GgufHeader, llamaMemory } from '../../../../models/gguf.ts'
import { EngineError, type EngineModel } from '../../../core/engine.ts'
import { checkMemory, contextSizeOf, headerOf } from '../gguf-file.ts'
import type { LlamaSettings } from '../llama/settings.ts'

export interface ServerFiles {
  readonly model: string
  readonly header: GgufHeader
  readonly contextSize: number
  /** None: it is a model that reads text only. */
  readonly vision: string | undefined
}

/** Looks at both files before the server does, whose words would be about tensors. */
export function lookAtFiles(model: EngineModel, settings: LlamaSettings): ServerFiles {
  const { path, header } = headerOf(model, 'model')
  if (header.isProjector)
    throw bad(`${path} is the part that sees (mmproj), which goes under vision; the model is another file`)
  if (header.embeddingOnly) throw bad(`${path} is a model for embedding or rerank, which engine llama runs`)
  const contextSize = contextSizeOf(header, settings)
  const seeing = model.files['vision'] === undefined ? undefined : headerOf(model, 'vision')
  if (seeing !== undefined && !seeing.header.isProjector)
    throw bad(
      `${seeing.path} is a ${seeing.header.architecture} model; under vision goes the part that sees (mmproj)`,
    )
  const { sequences } = settings
  checkMemory(llamaMemory(header, { contextSize, sequences }) + (seeing?.header.tensorBytes ?? 0), 0)
  return { model: path, header, contextSize, vision: seeing?.path }
}

function bad(detail: string): EngineError {
  return new EngineError({ reason: 'bad_model', detail })
}
