/** Takes the lock of the folder in its first argument, says `held`, and holds it until it is killed. */
import { lockFolder } from "../../src/storage/index.ts";

lockFolder(process.argv[2] ?? "");
console.log("held");
setInterval(() => {}, 60_000);
