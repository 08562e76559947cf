import { badModel } from '../../shared/faults.ts'
import { type FamilyConfig, newRecognizer, type Recognizer } from '../sherpa-library.ts'

/** Throws `bad_model` with the library's own words. */
export async function openRecognizer(config: FamilyConfig, threads: number): Promise<Recognizer> {
  try {
    return await newRecognizer(config, threads)
  } catch (error) {
    throw badModel(error instanceof Error ? error.message : String(error), error)
  }
}
