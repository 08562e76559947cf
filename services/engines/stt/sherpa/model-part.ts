import { type OnnxSignature, readOnnxSignature } from '../../shared/onnx-signature.ts'
import { badModel } from '../../shared/faults.ts'

/** One ONNX file of a model, and what it says of itself. All that it can't answer is a `bad_model`. */
export class ModelPart {
  readonly #path: string
  readonly #name: string
  readonly #signature: OnnxSignature

  /** `name`: what it should be, such as `Whisper's encoder`. */
  static async read(path: string, name: string): Promise<ModelPart> {
    return new ModelPart(path, name, await readOnnxSignature(path))
  }

  private constructor(path: string, name: string, signature: OnnxSignature) {
    this.#path = path
    this.#name = name
    this.#signature = signature
  }

  /** So many inputs, and at least so many outputs: the library asks for them by their number. */
  takes(inputs: number, outputs: number): void {
    const { inputs: takes, outputs: gives } = this.#signature
    if (takes.length !== inputs || gives.length < outputs)
      throw this.isNot(`it takes ${takes.length} inputs and gives ${gives.length} outputs`)
  }

  /** Undefined where it is known at run time only. */
  input(number: number, dim: number): number | undefined {
    return this.#signature.inputs[number]?.dims.at(dim)
  }

  output(number: number, dim: number): number | undefined {
    return this.#signature.outputs[number]?.dims.at(dim)
  }

  rank(input: number): number {
    return this.#signature.inputs[input]?.dims.length ?? 0
  }

  text(key: string): string {
    return this.#signature.metadata.get(key) ?? ''
  }

  number(key: string): number {
    return this.#whole(key, this.text(key))
  }

  numbers(key: string): readonly number[] {
    return this.text(key)
      .split(',')
      .map(one => this.#whole(key, one))
  }

  isNot(detail: string): Error {
    return badModel(`${this.#path} is not ${this.#name}: ${detail}`)
  }

  #whole(key: string, text: string): number {
    if (!/^ *\d{1,9} *$/.test(text))
      throw this.isNot(`its metadata say ${text === '' ? 'nothing' : `"${text.slice(0, 40)}"`} for ${key}`)
    return Number(text)
  }
}
