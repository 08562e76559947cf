/** The subcommands of `courante models`, for its usage and for completion. All of them take --stack and --home. */
export const usages = {
  ls: 'models ls [--all] [--json]',
  ps: 'models ps [--json]',
  show: 'models show ID [--json]',
  load: 'models load ID [--json]',
  unload: 'models unload ID [--json]',
  pin: 'models pin ID [--json]',
  unpin: 'models unpin ID [--json]',
  default: 'models default [ID] [--json]',
  pull: 'models pull ID… [--yes] [--mirror URL] [--offline] [--json]',
  add: 'models add FILE|FOLDER|URL|hf:ORG/NAME[:QUANT]|FILE.py [--kind llm|embedding|rerank|stt|tts|image] [--id ID] [--name NAME-THERE] [--key-env VARIABLE] [--api automatic1111] [--vision FILE|yes] [--language CODE] [--voice VOICE] [--file ROLE=PATH]… [--yes] [--mirror URL] [--offline] [--json]',
  verify: 'models verify [ID…] [--json]',
  rm: 'models rm ID [--yes] [--json]',
} as const

export type Subcommand = keyof typeof usages
