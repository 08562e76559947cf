import { everyone } from '../../state/composer/mentions.ts'
import { Avatar } from '../controls/avatar.tsx'
import { Icon } from '../controls/icon.tsx'
import type { Mentions } from './use-mentions.ts'
import './mention-list.css'

export function MentionList({ mentions: { list, offered, marked, take } }: { mentions: Mentions }) {
  return (
    <>
      <ul className="mention-list" id={list} role="listbox" aria-label="Names" hidden={offered.length === 0}>
        {offered.map((name, n) => (
          <li
            key={name}
            id={`${list}-${n}`}
            className="mention"
            role="option"
            aria-selected={n === marked}
            // The focus stays in the field.
            onPointerDown={event => event.preventDefault()}
            onClick={() => take(name)}
          >
            {name === everyone ? <Icon name="people" /> : <Avatar name={name} agent />}
            <span>{name}</span>
            {name === everyone && <span className="soft">all agents of this room</span>}
          </li>
        ))}
      </ul>
      <span className="unseen-text" role="status">
        {offered.length > 0 && `${offered.length} ${offered.length === 1 ? 'name' : 'names'}, Tab takes one`}
      </span>
    </>
  )
}
