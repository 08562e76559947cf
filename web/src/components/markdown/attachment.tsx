import type { ReactNode } from 'react'
import type { Address } from '../../state/markdown/addresses.ts'
import { Icon } from '../controls/icon.tsx'

type File = Extract<Address, { to: 'file' }>

/** A file that was sent to the room: sound and film can be played, everything else is saved. */
export function Attachment({ file, children }: { file: File; children?: ReactNode }) {
  const name = children ?? file.name
  if (file.kind === 'sound')
    return (
      <span className="attached">
        <audio controls preload="metadata" src={file.url} aria-label={file.name} />
        <Chip url={file.url} name={name} />
      </span>
    )
  if (file.kind === 'film')
    return (
      <span className="attached">
        <video controls preload="metadata" src={file.url} aria-label={file.name} />
        <Chip url={file.url} name={name} />
      </span>
    )
  return <Chip url={file.url} name={name} />
}

export function Chip({ url, name }: { url: string; name: ReactNode }) {
  return (
    <a className="chip" href={url} target="_blank" rel="noopener noreferrer">
      <Icon name="file" />
      <bdi>{name}</bdi>
    </a>
  )
}
