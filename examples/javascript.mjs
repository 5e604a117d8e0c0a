// Asks a person, waits for the answer, and prints it. Runs in Node 18 and later, Bun and Deno, with no package.
import process from "node:process";

const url = process.env.PAUSEPOINT_URL ?? "http://127.0.0.1:8787";
const key = process.env.PAUSEPOINT_API_KEY;
if (!key) {
  console.error("Set PAUSEPOINT_API_KEY to a key that pausepoint printed.");
  process.exit(1);
}

async function call(path, body) {
  const response = await fetch(url + path, {
    method: body ? "POST" : "GET",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

let pause = await call("/v1/pause", {
  recipient: "+1 (312) 847-1928",
  channel: "sms",
  message: "Purge 14,000 records from staging?",
  options: ["Purge", "Keep"],
  timeout_default: "Keep",
});
while (pause.status === "pending") pause = await call(`/v1/pause/${pause.pause_id}?wait=60`);

console.log(pause.response_choice ?? pause.status);
