import type { AuditEntry } from '../../../../services/backend/protocol.ts'

/** One line of the audit log as a sentence without a full stop; a kind that we have no words for as it is. */
export function auditInWords({ who, what, about }: AuditEntry): string {
  const words = Object.hasOwn(sentences, what) ? sentences[what] : undefined
  if (words === undefined) return [who ?? 'somebody', what, about].filter(part => part !== null).join(' ')
  // The link of the log, by which the first admin came.
  const whoever = who === '(start)' ? 'The first link' : (who ?? 'Somebody')
  return words(whoever, about ?? 'somebody')
}

const sentences: Readonly<Record<string, (who: string, about: string) => string>> = {
  login: who => `${who} logged in`,
  'login.failed': (_who, about) => `Wrong login as ${about}`,
  logout: who => `${who} logged out`,
  'password.changed': who => `${who} changed the password`,
  'password.reset': (_who, about) => `${about} chose a new password by a link`,
  'session.ended': who => `${who} ended a session`,
  'user.created': (who, about) => (who === about ? `${who} became a user` : `${who} made the user ${about}`),
  'user.disabled': (who, about) => `${who} disabled ${about}`,
  'user.enabled': (who, about) => `${who} enabled ${about}`,
  'user.removed': (who, about) => `${who} removed ${about}`,
  'user.role': (who, about) => {
    const [name = about, role = ''] = about.split(' ')
    return `${who} made ${name} ${role === 'admin' ? 'an admin' : `a ${role}`}`
  },
  'key.created': (who, about) => `${who} made an API key: ${about}`,
  'key.removed': (who, about) => `${who} removed an API key: ${about}`,
  'invitation.created': (who, about) => `${who} made a one-time link for ${about}`,
  'invitation.removed': who => `${who} revoked a one-time link`,
  'room.created': (who, about) => `${who} made the room ${about}`,
  'room.renamed': (who, about) => `${who} renamed a room: ${about}`,
  'room.removed': (who, about) => `${who} removed the room ${about}`,
  'room.members': (who, about) => `${who} changed who is in ${about}`,
}
