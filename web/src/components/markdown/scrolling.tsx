import { useEffect, useRef, useState, type ReactNode } from 'react'

/** A box that scrolls sideways where its content is too wide; only then the keyboard stops at it. */
export function Scrolling({
  className,
  label,
  children,
}: {
  className: string
  label: string
  children: ReactNode
}) {
  const box = useRef<HTMLDivElement>(null)
  const [isWide, setWide] = useState(false)
  useEffect(() => {
    const node = box.current
    if (node === null) return
    const observer = new ResizeObserver(() => setWide(node.scrollWidth > node.clientWidth + 1))
    observer.observe(node)
    return () => observer.disconnect()
  }, [])
  return (
    <div
      ref={box}
      className={`scrolling ${className}`}
      {...(isWide ? { tabIndex: 0, role: 'group', 'aria-label': label } : {})}
    >
      {children}
    </div>
  )
}
