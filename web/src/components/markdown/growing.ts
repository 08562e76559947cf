import { createContext } from 'react'

/** Whether more of this part of a message may come. */
export const Growing = createContext(false)
