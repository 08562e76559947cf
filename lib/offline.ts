/**
 * Whether nothing may leave this machine: `OFFLINE=1`, which `--offline` sets for everything that it starts. Sockets to
 * this machine itself stay allowed.
 */
export function isOffline(env: Readonly<Record<string, string | undefined>>): boolean {
  return /^(1|true|yes|on)$/i.test(env['OFFLINE'] ?? '')
}
