"""The smallest engine: a language model that shouts. `courante models add FILE --kind llm`"""
from courante_engine import Engine, run


class Shout(Engine):
    def chat(self, request, job):
        for word in request['messages'][-1]['content'].split():
            yield word.upper() + ' '


run(Shout())
