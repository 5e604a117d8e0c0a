from .types import Command, GraphInterrupt, node_id, resumed

START, END = "__start__", "__end__"


class StateGraph:
    def __init__(self, schema):
        self.nodes, self.edges = {}, {}

    def add_node(self, name, node):
        self.nodes[name] = node

    def add_edge(self, name, to):
        self.edges[name] = lambda state: to

    def add_conditional_edges(self, name, choose):
        self.edges[name] = choose

    def compile(self, checkpointer):
        return Graph(self.nodes, self.edges, checkpointer)


class Graph:
    def __init__(self, nodes, edges, threads):
        self.nodes, self.edges, self.threads = nodes, edges, threads

    def invoke(self, given, config):
        thread = config["configurable"]["thread_id"]
        if isinstance(given, Command):
            state, at = self.threads[thread]
            resumed.set(given.resume)
        else:
            state, at = dict(given), self.edges[START]({})
            resumed.set({})
        while at != END:
            node_id.set(f"id-of-{at}")
            try:
                state = {**state, **self.nodes[at](state)}
            except GraphInterrupt as paused:
                self.threads[thread] = state, at
                return {**state, "__interrupt__": [paused.args[0]]}
            at = self.edges[at](state)
        return state
