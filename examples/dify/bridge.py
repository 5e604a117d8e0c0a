"""Runs a Dify workflow, and puts the question of its Human Input node to a person by text. Needs pausepoint.

    DIFY_URL=https://dify.example.com/v1 DIFY_API_KEY=app-… python3 bridge.py '{"contract": "MSA-114"}'

The node's delivery must be WebApp; its action ids are those in ACTIONS.
"""

import json
import os
import sys
import urllib.request
from typing import Any, Dict, Optional

import pausepoint

USER = "pausepoint"
ACTIONS = {"Approve": "approve", "Reject": "reject"}


def dify(path: str, body: Optional[Dict[str, Any]] = None) -> Any:
    """One request to Dify, and its answer as a file."""
    headers = {"Authorization": f"Bearer {os.environ['DIFY_API_KEY']}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(os.environ["DIFY_URL"].rstrip("/") + path, data, headers)
    return urllib.request.urlopen(request, timeout=300)


# region answer
def answer(form_token: str) -> str:
    """Asks what the form asks, and hands the answer in. Answers the action."""
    with dify(f"/form/human_input/{form_token}") as got:
        form = json.load(got)
    missing = set(ACTIONS.values()) - {action["id"] for action in form["user_actions"]}
    if missing:
        sys.exit(f"The Human Input node has no action {', '.join(sorted(missing))}.")
    decision = pausepoint.ask(
        form["form_content"][:1600],
        recipient="+1 (312) 847-1928",
        channel="sms",
        options=list(ACTIONS),
        timeout_hours=4,
        timeout_default="Reject",
        idempotency_key=f"dify/{form_token}",
    )
    action = ACTIONS["Approve" if decision.by_person("Approve") else "Reject"]
    with dify(f"/form/human_input/{form_token}", {"inputs": {}, "action": action, "user": USER}):
        return action
# endregion


def main(inputs: Dict[str, Any]) -> None:
    with dify("/workflows/run", {"inputs": inputs, "response_mode": "streaming", "user": USER}) as events:
        for line in events:
            if not line.startswith(b"data: "):
                continue
            event = json.loads(line[len(b"data: ") :])
            if event["event"] == "human_input_required":
                token = event["data"]["form_token"] or sys.exit("The node's delivery must be WebApp, not email.")
                print(answer(token))
            elif event["event"] == "workflow_paused":
                break


main(json.loads(sys.argv[1]))
