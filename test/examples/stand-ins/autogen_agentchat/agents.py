"""The conventions of autogen-agentchat: a plain function is a tool; what it answers is the last message."""

import inspect
from types import SimpleNamespace


class AssistantAgent:
    def __init__(self, name, model_client, tools):
        self.tools = tools

    async def run(self, *, task):
        (tool,) = self.tools
        assert inspect.getdoc(tool) and all(each.annotation is str for each in inspect.signature(tool).parameters.values())
        said = await tool(contract="MSA-114")
        return SimpleNamespace(messages=[SimpleNamespace(content=task), SimpleNamespace(content=said)])
