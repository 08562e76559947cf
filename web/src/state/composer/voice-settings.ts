import { keeper } from '../keeper.ts'
import { openSettings } from './settings.ts'

/** Of this browser. */
export const voiceSettings = openSettings(keeper)
