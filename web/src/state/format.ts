/** 640 kB, 45 MB, 1.2 GB, 212 GB: as the commands write it. */
export function bytes(count: number): string {
  if (count < 1e3) return `${Math.round(count)} B`
  if (count < 1e6) return `${Math.round(count / 1e3)} kB`
  if (count < 1e9) return `${Math.round(count / 1e6)} MB`
  if (count < 1e11) return `${(count / 1e9).toFixed(1)} GB`
  if (count < 1e12) return `${Math.round(count / 1e9)} GB`
  return `${(count / 1e12).toFixed(1)} TB`
}

/** 9 s, 4 min, 3 h 12 min, 2 d 5 h. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** Of a whole, without rounding up to one that is not there yet: 0 %, 43 %, 99 %, 100 %. */
export function share(part: number): string {
  const clipped = Math.min(Math.max(part, 0), 1)
  return `${Math.floor(clipped * 100)} %`
}

/** Of one core: 0 %, 0.4 %, 12 %, 340 %. */
export function cpu(cores: number): string {
  const value = cores * 100
  return value > 0 && value < 9.95 ? `${value.toFixed(1)} %` : `${Math.round(value)} %`
}

/** How long a moment (ISO 8601) is gone: just now, 4 min ago, 3 h ago, 12 d ago; from a month on its day. */
export function ago(iso: string, now: number): string {
  const ms = now - Date.parse(iso)
  if (Number.isNaN(ms)) return iso
  if (ms < 60_000) return 'just now'
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ago`
  if (ms < 86_400_000) return `${Math.floor(ms / 3_600_000)} h ago`
  if (ms < 31 * 86_400_000) return `${Math.floor(ms / 86_400_000)} d ago`
  return day(iso)
}

/** 2 November 2026, where the reader is. */
export function day(iso: string): string {
  return new Date(iso).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' })
}

/** 2026-11-02 09:14, where the reader is. */
export function moment(iso: string): string {
  const at = new Date(iso)
  const two = (n: number): string => String(n).padStart(2, '0')
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}`
}

/** 1 model, 2 models. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}
