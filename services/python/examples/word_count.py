"""Counts words: a service of a portal. Start it with PYTHONPATH=services/python."""
import os

from courante_portal import serve


def count(job):
    with job.open(job.request.get('file', '')) as file:
        return {'words': len(file.read().split())}


serve(os.path.join(os.environ.get('COURANTE_HOME', 'var'), 'portals'), 'word-count', count)
