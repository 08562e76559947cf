/** The subcommands of `courante portal`, for its usage and for completion. All of them take --stack and --home. */
export const usages = {
  ls: 'portal ls [SERVICE] [--json]',
  show: 'portal show ID [--json]',
  submit:
    'portal submit SERVICE [--request JSON|- | --request-file FILE] [--id ID] [--wait [--files-to DIR]] [FILE…]',
  wait: 'portal wait ID [--files-to DIR]',
  retry: 'portal retry ID [--json]',
  cancel: 'portal cancel ID [--json]',
  share: 'portal share USER [SERVICE…]',
  gc: 'portal gc [--json]',
  top: 'portal top [--json]',
} as const

export type Subcommand = keyof typeof usages
