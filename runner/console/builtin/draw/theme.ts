import type { Colour, Style } from '../terminal/style.ts'
import { stateSigns } from '../../view.ts'
import type { ServiceState } from '../state.ts'

/** The few colours of the console itself; everything else is the terminal's own foreground on its own background. */
export interface Theme {
  /** The focused pane, the chosen line. */
  readonly accent: Colour
  readonly good: Colour
  readonly warn: Colour
  readonly bad: Colour
  /** What is secondary. */
  readonly dim: Colour
  /** Rules between panes. */
  readonly line: Colour
}

/** Of the 256-colour palette. Until the terminal has told its background, tones that are readable on both. */
export function themeOf(light: boolean | undefined): Theme {
  if (light === undefined) return { accent: 33, good: 71, warn: 136, bad: 167, dim: 244, line: 244 }
  return light
    ? { accent: 26, good: 28, warn: 130, bad: 160, dim: 242, line: 250 }
    : { accent: 75, good: 71, warn: 179, bad: 203, dim: 246, line: 240 }
}

export function signOf(state: ServiceState['state'], theme: Theme): { sign: string; style: Style } {
  const { sign, colour } = stateSigns[state]
  const colours: Record<typeof colour, Colour> = {
    green: theme.good,
    yellow: theme.warn,
    red: theme.bad,
    grey: theme.dim,
  }
  return { sign, style: { fg: colours[colour] } }
}
