"""The conventions of openai-agents: one turn in which the model calls every tool once."""

import json
from dataclasses import dataclass, field


@dataclass
class Tool:
    name: str
    run: object
    needs_approval: bool


def function_tool(needs_approval=False):
    return lambda run: Tool(run.__name__, run, needs_approval)


@dataclass
class Agent:
    name: str
    instructions: str
    tools: list


@dataclass(eq=False)
class ToolApprovalItem:
    name: str
    arguments: str
    tool: Tool


@dataclass
class RunState:
    calls: list
    approved: dict = field(default_factory=dict)

    def approve(self, item):
        self.approved[id(item)] = True

    def reject(self, item):
        self.approved[id(item)] = False


@dataclass
class RunResult:
    interruptions: list
    final_output: object = None

    def to_state(self):
        return RunState(self.interruptions)


class Runner:
    @staticmethod
    async def run(agent, given):
        wanted = json.dumps({"table": "orders_old", "rows": 14000})
        if isinstance(given, RunState):
            calls, approved = given.calls, given.approved
        else:
            calls, approved = [ToolApprovalItem(tool.name, wanted, tool) for tool in agent.tools], {}
        waiting = [call for call in calls if call.tool.needs_approval and id(call) not in approved]
        if waiting:
            return RunResult(waiting)
        said = [
            await call.tool.run(**json.loads(call.arguments)) if approved.get(id(call), True) else "it was not allowed"
            for call in calls
        ]
        return RunResult([], "; ".join(said))
