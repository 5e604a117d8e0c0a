#!/usr/bin/env bash
# Asks a person, waits for the answer, and goes on only if it is yes. Needs curl and jq.
set -euo pipefail
: "${PAUSEPOINT_URL:=http://127.0.0.1:8787}" "${PAUSEPOINT_API_KEY:?is not set}"

api() { curl -sS --fail-with-body -H "Authorization: Bearer $PAUSEPOINT_API_KEY" -H "Content-Type: application/json" "$@"; }

id=$(api "$PAUSEPOINT_URL/v1/pause" -d '{
  "recipient": "+1 (312) 847-1928",
  "channel": "sms",
  "message": "Purge 14,000 records from staging?",
  "options": ["Purge", "Keep"],
  "timeout_default": "Keep"
}' | jq -r .pause_id)

status=pending
while [ "$status" = pending ]; do
  pause=$(api "$PAUSEPOINT_URL/v1/pause/$id?wait=60")
  status=$(jq -r .status <<<"$pause")
done

choice=$(jq -r '.response_choice // .status' <<<"$pause")
echo "$choice"
[ "$choice" = Purge ]
