/** The sign of the program: a voice, as four strokes. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M5 13v6M12.3 8v16M19.6 4v24M27 11v10" />
    </svg>
  )
}
