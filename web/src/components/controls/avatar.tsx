/** Of a person: the first letter, by CSS, so that it is no part of the words of a button. Of an agent: the mark. */
export function Avatar({ name, agent }: { name: string; agent: boolean }) {
  const letter = agent ? undefined : /^./u.exec(name)?.[0].toUpperCase()
  return (
    <span className="avatar" data-agent={agent} data-letter={letter} aria-hidden="true">
      {agent && (
        <svg viewBox="0 0 32 32">
          <path d="M5 13v6M12.3 8v16M19.6 4v24M27 11v10" />
        </svg>
      )}
    </span>
  )
}
