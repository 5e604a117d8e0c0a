"""The conventions of pydantic-ai: tools that need approval end the run, which is then taken up with the answers."""

import json
from dataclasses import dataclass, field
from types import SimpleNamespace


@dataclass
class ToolDenied:
    message: str


@dataclass
class DeferredToolRequests:
    approvals: list


@dataclass
class DeferredToolResults:
    approvals: dict = field(default_factory=dict)


class Agent:
    def __init__(self, model, output_type):
        assert DeferredToolRequests in output_type
        self.tools = {}

    def tool_plain(self, requires_approval=False):
        def register(run):
            self.tools[run.__name__] = (run, requires_approval)
            return run

        return register

    def run_sync(self, prompt=None, message_history=None, deferred_tool_results=None):
        call = SimpleNamespace(tool_name="purge", tool_call_id="call-1", args=json.dumps({"table": "orders_old", "rows": 14000}))
        run, requires_approval = self.tools[call.tool_name]
        if prompt is not None and requires_approval:
            return SimpleNamespace(output=DeferredToolRequests([call]), all_messages=lambda: [prompt, call])
        if prompt is None:
            assert message_history[-1].tool_call_id == call.tool_call_id
            answer = deferred_tool_results.approvals[call.tool_call_id]
            if answer is not True:
                return SimpleNamespace(output=answer.message, all_messages=lambda: [])
        return SimpleNamespace(output=run(**json.loads(call.args)), all_messages=lambda: [])
