"""An agent whose tool asks a person before it signs. Needs autogen-agentchat, autogen-ext[openai] and pausepoint.

    python3 agent.py "Sign what is ready"
"""

import asyncio
import os
import sys

from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.openai import OpenAIChatCompletionClient
from pausepoint import AsyncPausePoint


# region tool
async def sign(contract: str) -> str:
    """Signs and submits a contract."""
    decision = await AsyncPausePoint().ask(
        f"Sign and submit {contract}?",
        recipient="+1 (312) 847-1928",
        channel="sms",
        options=["Sign", "Decline"],
        timeout_hours=4,
        timeout_default="Decline",
        # AutoGen cancels the tool when its CancellationToken is cancelled.
        cancel_on_interrupt=True,
    )
    if not decision.by_person("Sign"):
        return f"{contract} is not signed: nobody said so"
    with open("signed.txt", "a", encoding="utf-8") as signed:
        signed.write(f"{contract}\n")
    return f"{contract} is signed"
# endregion


async def main(task: str) -> None:
    model = OpenAIChatCompletionClient(model=os.environ.get("MODEL", "gpt-4.1"))
    agent = AssistantAgent("lawyer", model_client=model, tools=[sign])
    result = await agent.run(task=task)
    print(result.messages[-1].content)


asyncio.run(main(sys.argv[1]))
