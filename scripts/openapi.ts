/** Prints the OpenAPI document without a server: `bun scripts/openapi.ts > openapi.json`. */
import { openApiDocument } from "../src/http/openapi/document.ts";

process.stdout.write(`${JSON.stringify(openApiDocument("http://127.0.0.1:8787"), null, 2)}\n`);
