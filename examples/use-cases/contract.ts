/** A contract agent: contract.txt is signed, over the bytes that legal was asked about. */
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { guarded } from "./guard.ts";

const contract = readFileSync("contract.txt");
const sha256 = createHash("sha256").update(contract).digest("hex");
const done = await guarded(
  {
    recipient: "+1 (312) 847-1928",
    channel: "sms",
    message: "Sign and submit this contract?",
    details: { SHA256: sha256 },
    options: ["Sign", "Decline"],
    timeout_default: "Decline",
  },
  { sign: sha256 },
  () => {
    const { privateKey } = generateKeyPairSync("ed25519"); // stands for the key that your company signs with
    writeFileSync("contract.sig", sign(null, contract, privateKey));
  },
);
console.log(done ? "done" : "not done");
