from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass
class Interrupt:
    value: Any
    id: str


@dataclass
class Command:
    resume: Any


class GraphInterrupt(Exception):
    pass


resumed: "ContextVar[dict]" = ContextVar("resumed")
node_id: "ContextVar[str]" = ContextVar("node_id")


def interrupt(value):
    """Ends the node until the graph is invoked with an answer for it; then the node runs again, and this returns it."""
    if node_id.get() in resumed.get():
        return resumed.get()[node_id.get()]
    raise GraphInterrupt(Interrupt(value, node_id.get()))
