import { useState } from 'react'
import { addressOf } from '../../state/markdown/addresses.ts'
import { Icon } from '../controls/icon.tsx'
import { Attachment, Chip } from './attachment.tsx'

/**
 * A picture of ours is shown. One of another server would tell that server who reads this and when: it stays where it is
 * until it is opened.
 */
export function Picture({ src, alt }: { src: string; alt: string }) {
  const [isBroken, setBroken] = useState(false)
  const address = addressOf(src)
  if (address?.to === 'away')
    return (
      <a className="remote-picture" href={address.url} target="_blank" rel="noopener noreferrer nofollow">
        <Icon name="picture" />
        <span>
          <bdi>{alt || 'Picture'}</bdi>
          <span className="host">Not loaded from {address.host}. Open it in a new tab.</span>
        </span>
      </a>
    )
  if (address?.to !== 'file') return alt
  if (address.kind !== 'picture') return <Attachment file={address}>{alt || address.name}</Attachment>
  if (isBroken) return <Chip url={address.url} name={alt || address.name} />
  return (
    <a className="picture" href={address.url} target="_blank" rel="noopener noreferrer">
      <img src={address.url} alt={alt || address.name} loading="lazy" onError={() => setBroken(true)} />
    </a>
  )
}
