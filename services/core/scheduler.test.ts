import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { ModelSpec } from './resident.ts'
import { Scheduler, type SchedulerAction, type SchedulerEvent } from './scheduler.ts'

const spec = (id: string, memory = 1, more: Partial<ModelSpec> = {}): ModelSpec => ({
  id,
  needs: { memory },
  idleMs: 600_000,
  pinned: false,
  ...more,
})

/** A scheduler with a hand-moved clock, and its actions as short words. */
function at(budget: Record<string, number>, patienceMs = 30_000) {
  const scheduler = new Scheduler({ budget, patienceMs })
  const world = {
    scheduler,
    now: 0,
    tell: (event: SchedulerEvent) => scheduler.handle(event, world.now).map(word),
    submit: (job: string, model: ModelSpec, user = 'me') =>
      world.tell({ type: 'submitted', job, user, model }),
    loaded: (model: string, parallel = 1, ms = 0) => world.tell({ type: 'loaded', model, parallel, ms }),
    ended: (job: string) => world.tell({ type: 'ended', job }),
    exited: (model: string) => world.tell({ type: 'exited', model }),
    wait: (ms: number) => {
      world.now += ms
      return world.tell({ type: 'tick' })
    },
  }
  return world
}

function word(action: SchedulerAction): string {
  if (action.type === 'start') return `start ${action.job}`
  if (action.type === 'refuse') return `refuse ${action.job} ${action.why.reason}`
  return `${action.type} ${action.model}`
}

suite('scheduler', () => {
  test('a model is loaded once for all who wait, and runs as many at once as it can', () => {
    const core = at({ memory: 10 })
    assert.deepEqual(core.submit('1', spec('a')), ['load a'])
    assert.deepEqual(core.submit('2', spec('a')), [])
    assert.deepEqual(core.submit('3', spec('a')), [])
    assert.deepEqual(core.loaded('a', 2), ['start 1', 'start 2'])
    assert.deepEqual(core.ended('1'), ['start 3'])
  })

  test('users take turns', () => {
    const core = at({ memory: 10 })
    for (const job of ['1', '2', '3']) core.submit(job, spec('a'), 'flood')
    core.submit('4', spec('a'), 'other')
    core.submit('5', spec('a'), 'other')
    assert.deepEqual(core.loaded('a'), ['start 1'])
    const order = ['1', '4', '2', '5'].map(job => core.ended(job)[0])
    assert.deepEqual(order, ['start 4', 'start 2', 'start 5', 'start 3'])
  })

  test('what does not fit waits for what is in use, and takes the place of what is not', () => {
    const core = at({ memory: 2 })
    core.submit('1', spec('a', 2))
    core.loaded('a')
    assert.deepEqual(core.submit('2', spec('b', 2)), [])
    assert.deepEqual(core.ended('1'), ['unload a'])
    assert.deepEqual(core.exited('a'), ['load b'])
    assert.deepEqual(core.loaded('b'), ['start 2'])
  })

  test('unloading never races a request: it waits until the process has gone, then loads again', () => {
    const core = at({ memory: 2 })
    core.submit('1', spec('a', 2))
    core.loaded('a')
    core.ended('1')
    core.submit('2', spec('b', 2))
    assert.deepEqual(core.submit('3', spec('a', 2)), [])
    assert.deepEqual(core.exited('a'), ['load b'])
    assert.deepEqual(core.loaded('b'), ['start 2'])
    assert.deepEqual(core.ended('2'), ['unload b'])
    assert.deepEqual(core.exited('b'), ['load a'])
  })

  test('requests of a loaded model go first, until another has waited for too long', () => {
    const core = at({ memory: 2 }, 1000)
    core.submit('1', spec('a', 2))
    core.loaded('a')
    core.submit('2', spec('b', 2))
    core.submit('3', spec('a', 2))
    assert.deepEqual(core.ended('1'), ['start 3'])
    core.submit('4', spec('a', 2))
    assert.equal(core.scheduler.deadline(core.now), 1000)
    assert.deepEqual(core.wait(1000), [])
    // Now the place is needed: nothing new is started there.
    assert.deepEqual(core.ended('3'), ['unload a'])
    assert.deepEqual(core.exited('a'), ['load b'])
  })

  test('of several, the ones that are cheapest to lose give way', () => {
    const core = at({ memory: 3 })
    for (const [model, uses, ms] of [
      ['a', 5, 100],
      ['b', 1, 100],
      ['c', 1, 9000],
    ] as const) {
      for (let i = 0; i < uses; i++) {
        core.submit(`${model}${i}`, spec(model))
        core.loaded(model, 1, ms)
        core.ended(`${model}${i}`)
      }
    }
    core.wait(20_000)
    assert.deepEqual(core.submit('x', spec('d')), ['unload b'])
  })

  test('a model stays as long as its loading took, so that taking turns does not thrash', () => {
    const core = at({ memory: 2 })
    core.submit('1', spec('a', 2))
    core.loaded('a', 1, 400)
    core.ended('1')
    assert.deepEqual(core.submit('2', spec('b', 2)), [])
    assert.equal(core.scheduler.deadline(core.now), 400)
    assert.deepEqual(core.wait(399), [])
    assert.deepEqual(core.wait(1), ['unload a'])
  })

  test('idle ones go after their own time, pinned ones never', () => {
    const core = at({ memory: 9 })
    for (const one of [
      spec('a', 1, { idleMs: 100 }),
      spec('b'),
      spec('c', 1, { idleMs: 100, pinned: true }),
    ]) {
      core.submit(one.id, one)
      core.loaded(one.id)
      core.ended(one.id)
    }
    assert.equal(core.scheduler.deadline(core.now), 100)
    assert.deepEqual(core.wait(100), ['unload a'])
    assert.deepEqual(core.wait(600_000), ['unload b'])
    assert.deepEqual(core.submit('x', spec('d', 9)), ['refuse x too_large'])
  })

  test('what can never fit is refused at once', () => {
    const core = at({ memory: 4 })
    const [refusal] = core.scheduler.handle(
      { type: 'submitted', job: '1', user: 'me', model: spec('a', 5) },
      0,
    )
    assert.deepEqual(refusal, {
      type: 'refuse',
      job: '1',
      model: 'a',
      why: { reason: 'too_large', needed: { memory: 5 }, room: { memory: 4 } },
    })
  })

  test('a load that fails for memory unloads what is idle and tries once more', () => {
    const core = at({ memory: 9 })
    core.submit('1', spec('a'))
    core.loaded('a')
    core.ended('1')
    core.submit('2', spec('b'))
    assert.deepEqual(core.tell({ type: 'load_failed', model: 'b', memory: true }), ['unload a', 'unload b'])
    assert.deepEqual(core.exited('b'), [])
    assert.deepEqual(core.exited('a'), ['load b'])
    assert.deepEqual(core.tell({ type: 'load_failed', model: 'b', memory: true }), [
      'refuse 2 no_memory',
      'unload b',
    ])
    assert.deepEqual(core.exited('b'), [])
  })

  test('a load that fails otherwise refuses who waits; later ones try again', () => {
    const core = at({ memory: 9 })
    core.submit('1', spec('a'))
    assert.deepEqual(core.tell({ type: 'load_failed', model: 'a', memory: false }), [
      'refuse 1 load_failed',
      'unload a',
    ])
    assert.deepEqual(core.submit('2', spec('a')), [])
    assert.deepEqual(core.exited('a'), ['load a'])
  })

  test('a crash backs off; three in a row while loading refuse who waits', () => {
    const core = at({ memory: 9 })
    core.submit('1', spec('a'))
    assert.deepEqual(core.exited('a'), [])
    assert.equal(core.scheduler.deadline(core.now), 100)
    assert.deepEqual(core.wait(100), ['load a'])
    assert.deepEqual(core.exited('a'), [])
    assert.deepEqual(core.wait(200), ['load a'])
    assert.deepEqual(core.exited('a'), ['refuse 1 crashes'])
  })

  test('one request that ends its engine does not make others wait for longer and longer', () => {
    const core = at({ memory: 9 })
    for (let crash = 1; crash <= 5; crash++) {
      core.submit(`good ${crash}`, spec('a'))
      core.loaded('a', 2)
      core.ended(`good ${crash}`)
      core.submit(`bad ${crash}`, spec('a'))
      core.exited('a')
      core.submit(`next ${crash}`, spec('a'))
      assert.equal(core.scheduler.deadline(core.now), core.now + 100)
      assert.deepEqual(core.wait(100), ['load a'])
      core.loaded('a', 2)
      core.ended(`next ${crash}`)
    }
  })

  test('what grows past the budget makes idle ones go', () => {
    const core = at({ memory: 4 })
    for (const model of ['a', 'b']) {
      core.submit(model, spec(model))
      core.loaded(model)
    }
    core.ended('a')
    assert.deepEqual(core.tell({ type: 'measured', model: 'b', needs: { memory: 4 } }), ['unload a'])
  })

  test('an unwanted one finishes its work first; what waits for it loads it again', () => {
    const core = at({ memory: 4 })
    core.submit('1', spec('a'))
    core.loaded('a')
    assert.deepEqual(core.tell({ type: 'unwanted', model: 'a' }), [])
    assert.deepEqual(core.submit('2', spec('a')), [])
    assert.deepEqual(core.ended('1'), ['unload a'])
    assert.deepEqual(core.exited('a'), ['load a'])
  })

  test('devices are kept apart', () => {
    const core = at({ memory: 10, gpu: 8 })
    const one = spec('a', 1, { needs: { memory: 1, gpu: 6 } })
    const two = spec('b', 1, { needs: { memory: 1, gpu: 6 } })
    core.submit('1', one)
    core.loaded('a')
    assert.deepEqual(core.submit('2', spec('c', 8)), ['load c'])
    assert.deepEqual(core.submit('3', two), [])
    assert.deepEqual(core.ended('1'), ['unload a'])
    assert.deepEqual(core.exited('a'), ['load b'])
  })

  test('a load that fails in its place is tried in another one, and nobody is refused', () => {
    const core = at({ memory: 10, gpu: 8 })
    const card = { needs: { memory: 1, gpu: 6 } }
    core.submit('1', spec('a', 1, card))
    const instead = spec('a', 6)
    assert.deepEqual(core.tell({ type: 'load_failed', model: 'a', memory: true, instead }), ['unload a'])
    assert.deepEqual(core.exited('a'), ['load a'])
    assert.deepEqual(core.loaded('a'), ['start 1'])
    assert.deepEqual(core.scheduler.used, { memory: 6 })
    // The card is free for others.
    assert.deepEqual(core.submit('2', spec('b', 1, card)), ['load b'])
  })

  test('who has waited too long for a card that others use is loaded beside it, and nobody has to end for that', () => {
    const core = at({ memory: 10, gpu: 8 })
    const ears = spec('ears', 1, { needs: { memory: 1, gpu: 6 }, elsewhere: { memory: 6 } })
    const llm = spec('llm', 1, { needs: { memory: 1, gpu: 6 }, elsewhere: { memory: 6 } })
    core.submit('session', ears)
    core.loaded('ears', 2)
    assert.deepEqual(core.submit('1', llm), [])
    assert.deepEqual(core.wait(29_999), [])
    assert.deepEqual(core.scheduler.deadline(core.now), 30_000)
    assert.deepEqual(core.wait(1), ['load llm'])
    assert.deepEqual(core.scheduler.used, { memory: 7, gpu: 6 })
    // While it is loaded, and before, another session may begin.
    assert.deepEqual(core.submit('session 2', ears), ['start session 2'])
    assert.deepEqual(core.loaded('llm'), ['start 1'])
    // Its next load tries the card again.
    core.ended('1')
    core.tell({ type: 'unwanted', model: 'llm' })
    core.exited('llm')
    core.ended('session')
    core.ended('session 2')
    assert.deepEqual(core.submit('2', llm), ['unload ears'])
    assert.deepEqual(core.exited('ears'), ['load llm'])
    assert.deepEqual(core.scheduler.used, { memory: 1, gpu: 6 })
  })

  test('beside the card, it takes the place of what is idle in the memory', () => {
    const core = at({ memory: 10, gpu: 8 })
    const card = { needs: { memory: 1, gpu: 6 }, elsewhere: { memory: 6 } }
    core.submit('session', spec('ears', 1, card))
    core.loaded('ears')
    core.submit('1', spec('old', 8))
    core.loaded('old')
    core.ended('1')
    assert.deepEqual(core.submit('2', spec('llm', 1, card)), [])
    assert.deepEqual(core.wait(30_000), ['unload old'])
    assert.deepEqual(core.exited('old'), ['load llm'])
  })

  test('who can not do without the card gets the place of one in use there, which begins nothing new', () => {
    const core = at({ memory: 10, gpu: 8 })
    const card = { needs: { memory: 1, gpu: 6 }, elsewhere: { memory: 60 } }
    core.submit('session', spec('ears', 1, card))
    core.loaded('ears', 2)
    core.submit('1', spec('llm', 1, card))
    assert.deepEqual(core.wait(30_000), [])
    assert.deepEqual(core.submit('session 2', spec('ears', 1, card)), [])
    assert.deepEqual(core.ended('session'), ['unload ears'])
    assert.deepEqual(core.exited('ears'), ['load llm'])
  })

  test('what a pinned one has left too little of on the card is loaded beside it, and not refused', () => {
    const core = at({ memory: 10, gpu: 8 })
    core.submit('1', spec('p', 1, { needs: { memory: 1, gpu: 3 }, pinned: true }))
    core.loaded('p')
    core.tell({ type: 'measured', model: 'p', needs: { memory: 1, gpu: 5 } })
    const llm = spec('llm', 1, { needs: { memory: 1, gpu: 5 }, elsewhere: { memory: 5 } })
    assert.deepEqual(core.submit('2', llm), ['load llm'])
    assert.deepEqual(core.scheduler.used, { memory: 6, gpu: 5 })
    const large = spec('large', 1, { needs: { memory: 1, gpu: 5 }, elsewhere: { memory: 50 } })
    assert.deepEqual(core.submit('3', large), ['refuse 3 too_large'])
  })

  test('a device that gets smaller loses what is idle there, and the others keep theirs', () => {
    const core = at({ memory: 10, gpu: 8 })
    for (const one of [spec('a', 3), spec('b', 1, { needs: { memory: 1, gpu: 6 } })]) {
      core.submit(one.id, one)
      core.loaded(one.id)
      core.ended(one.id)
    }
    assert.deepEqual(core.tell({ type: 'settings', models: [], budget: { memory: 10, gpu: 4 } }), [
      'unload b',
    ])
  })

  test('a pinned model that can not be loaded is tried less and less often, but at once for who asks', () => {
    const core = at({ memory: 2 })
    const pinned = spec('p', 1, { pinned: true })
    const settings = { type: 'settings', budget: { memory: 2 }, models: [pinned] } as const
    assert.deepEqual(core.tell(settings), ['load p'])
    const fail = (): string[] => {
      core.tell({ type: 'load_failed', model: 'p', memory: false })
      return core.exited('p')
    }
    for (const delay of [100, 200, 400]) {
      assert.deepEqual(fail(), [])
      assert.equal(core.scheduler.deadline(core.now), core.now + delay)
      assert.deepEqual(core.wait(delay), ['load p'])
    }
    fail()
    assert.deepEqual(core.submit('1', pinned), ['load p'])
  })

  test('a pinned model is loaded where there is room, and takes nobody’s place', () => {
    const core = at({ memory: 2 })
    core.submit('1', spec('a', 2))
    core.loaded('a')
    const budget = { memory: 2 }
    assert.deepEqual(core.tell({ type: 'settings', budget, models: [spec('p', 1, { pinned: true })] }), [])
    core.ended('1')
    core.tell({ type: 'unwanted', model: 'a' })
    assert.deepEqual(core.exited('a'), ['load p'])
  })
})
