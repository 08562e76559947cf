import { createStore } from '../store.ts'

/** Whether the server is heard, as far as `/api/changes` tells. */
export const serverHeard = createStore(true, (_, heard: boolean) => heard)
