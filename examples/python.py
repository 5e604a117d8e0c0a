"""Asks a person, waits for the answer, and prints it. Needs the requests package."""

import os
import sys

import requests

URL = os.environ.get("PAUSEPOINT_URL", "http://127.0.0.1:8787")
KEY = os.environ.get("PAUSEPOINT_API_KEY") or sys.exit("Set PAUSEPOINT_API_KEY to a key that pausepoint printed.")

api = requests.Session()
api.headers["Authorization"] = f"Bearer {KEY}"


def ask(message: str, options: list[str], default: str, recipient: str = "+1 (312) 847-1928") -> str:
    """Blocks until somebody has chosen, or until the time is over and `default` is the answer."""
    question = {
        "recipient": recipient,
        "channel": "sms",
        "message": message,
        "options": options,
        "timeout_default": default,
    }
    answer = api.post(f"{URL}/v1/pause", json=question)
    answer.raise_for_status()
    pause = answer.json()
    while pause["status"] == "pending":
        answer = api.get(f"{URL}/v1/pause/{pause['pause_id']}", params={"wait": 60})
        answer.raise_for_status()
        pause = answer.json()
    return pause["response_choice"] or default  # withdrawn: nobody has agreed


print(ask("Purge 14,000 records from staging?", ["Purge", "Keep"], "Keep"))
