/** An outreach agent: a staged campaign goes to the outgoing mail, one file for each contact. */
import { mkdirSync, writeFileSync } from "node:fs";
import { guarded } from "./guard.ts";

const contacts = Array.from({ length: 340 }, (_, index) => `contact-${index + 1}@example.com`);
const done = await guarded(
  {
    recipient: "+1 (312) 847-1928",
    channel: "sms",
    message: `Send this campaign to ${contacts.length} contacts?`,
    options: ["Send", "Hold"],
    timeout_default: "Hold",
  },
  { send: "spring", contacts },
  () => {
    mkdirSync("outgoing");
    for (const contact of contacts) writeFileSync(`outgoing/${contact}.eml`, `To: ${contact}\nSubject: Spring\n\n`);
  },
);
console.log(done ? "done" : "not done");
