class InMemorySaver(dict):
    pass
