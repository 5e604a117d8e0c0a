import uuid


class Flow:
    def __init__(self):
        self.flow_id = str(uuid.uuid4())

    def kickoff(self):
        methods = [each for each in vars(type(self)).values() if callable(each)]
        (first,) = [each for each in methods if getattr(each, "is_start", False)]
        (second,) = [each for each in methods if getattr(each, "listens_to", None) is first]
        return second(self, first(self))


def start():
    def mark(method):
        method.is_start = True
        return method

    return mark


def listen(to):
    def mark(method):
        method.listens_to = to
        return method

    return mark
