/** Of a person: the first letter. Of an agent: the mark. The name always stands beside it. */
export function Avatar({ name, agent }: { name: string; agent: boolean }) {
  return (
    <span className="avatar" data-agent={agent} aria-hidden="true">
      {agent ? (
        <svg viewBox="0 0 32 32">
          <path d="M5 13v6M12.3 8v16M19.6 4v24M27 11v10" />
        </svg>
      ) : (
        [...name][0]?.toUpperCase()
      )}
    </span>
  )
}
