"""A graph that asks a person before it wires money, and goes on with the answer. Needs langgraph and pausepoint.

    python3 agent.py thread-1
"""

import sys
from typing import TypedDict

import pausepoint
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt


class State(TypedDict, total=False):
    to: str
    amount: str
    approved: bool


def plan(state: State) -> State:
    """Put your model here."""
    return {"to": "Meridian Supplies", "amount": "$8,400"}


# region ask
def ask(state: State) -> State:
    """LangGraph runs a node again from its top when it resumes: nothing with an effect may stand before `interrupt`."""
    return {"approved": interrupt({"question": f"Wire {state['amount']} to {state['to']}?"})}
# endregion


def wire(state: State) -> State:
    with open("ledger.txt", "a", encoding="utf-8") as ledger:
        ledger.write(f"{state['amount']} to {state['to']}\n")
    return {}


builder = StateGraph(State)
builder.add_node("plan", plan)
builder.add_node("ask", ask)
builder.add_node("wire", wire)
builder.add_edge(START, "plan")
builder.add_edge("plan", "ask")
builder.add_conditional_edges("ask", lambda state: "wire" if state["approved"] else END)
builder.add_edge("wire", END)
graph = builder.compile(checkpointer=InMemorySaver())


# region resume
def run(thread_id: str) -> State:
    config = {"configurable": {"thread_id": thread_id}}
    state = graph.invoke({}, config)
    while state.get("__interrupt__"):
        answers = {}
        for each in state["__interrupt__"]:
            decision = pausepoint.ask(
                each.value["question"],
                recipient="+1 (312) 847-1928",
                channel="sms",
                timeout_hours=4,
                timeout_default="Reject",
                # However often it is sent, it is one question for one interrupt.
                idempotency_key=f"{thread_id}/{each.id}",
            )
            answers[each.id] = decision.by_person("Approve")
        state = graph.invoke(Command(resume=answers), config)
    return state
# endregion


print("done" if run(sys.argv[1])["approved"] else "not done")
