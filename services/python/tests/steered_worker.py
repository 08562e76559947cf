"""`steered_worker.py SPOOL SERVICE [OPTIONS]`, a worker for the tests: the request says what the handler does."""

import asyncio
import json
import os
import sys
import time

from courante_portal import Limits, PortalError, serve

loaded = ''


async def handle(job):
    global loaded
    loaded = job.request.get('model', loaded)
    print('began', job.id, job.attempt, flush=True)
    does = job.request.get('does')
    if does == 'refuse':
        raise PortalError('too_loud', 'That is too loud.', 'Whisper.')
    if does == 'break':
        raise RuntimeError('broken')
    if does == 'hang':
        await asyncio.Event().wait()
    if does == 'hang-once' and job.attempt == 1:
        await asyncio.Event().wait()
    if does == 'block-once' and job.attempt == 1:
        time.sleep(3600)
    if does == 'pass-gate' and job.attempt == 1 or does == 'pass-gates':
        while not os.path.exists(job.request['gate']):
            await asyncio.sleep(0.01)
    if does == 'talk':
        job.status(progress=0)
        for word in job.request['words']:
            job.emit({'word': word})
            await asyncio.sleep(0)
        job.status(progress=1)
    if does == 'talk-and-hang':
        job.emit({'word': 'listening'})
        await asyncio.Event().wait()
    if does == 'draw':
        job.out('picture.txt').write_text('a picture')
    text = ''
    if 'file' in job.request:
        with job.open(job.request['file']) as file:
            text = file.read().decode()
    return {'words': len(text.split()), 'attempt': job.attempt}


if __name__ == '__main__':
    options = {'concurrency': 4, 'grace': 0.5, **json.loads(sys.argv[3] if len(sys.argv) > 3 else '{}')}
    options['limits'] = Limits(**options.get('limits', {}))
    models = (lambda request: request.get('model', ''), lambda: loaded)
    serve(sys.argv[1], sys.argv[2], handle, models=models, **options)
