import { z } from "zod";
import type { JsonSchema } from "../../access/operation.ts";

/** Which side of a schema: what is sent to it (defaults may be left out), or what comes out. */
export type Side = "input" | "output";

/**
 * Turns zod schemas into the JSON Schemas of an OpenAPI 3.1 document. What a check in code demands (a count of code
 * points, a pointer's form) the schema itself says by `.meta({ document: … })`, beside that check; what has
 * `.meta({ id })` becomes a component and is referred to.
 */
export class Schemas {
  readonly #components = new Map<string, JsonSchema>();

  of(schema: z.ZodType, side: Side): JsonSchema {
    const { $schema, $defs, ...own } = z.toJSONSchema(schema, {
      io: side,
      unrepresentable: "any",
      target: "draft-2020-12",
      override: ({ jsonSchema }) => {
        const written = jsonSchema as Record<string, unknown>;
        if (written.document !== undefined) replace(written, written.document as JsonSchema);
        // A client must let pass what a later version adds to an answer; a request is refused by name.
        if (side === "output" && written.additionalProperties === false) delete written.additionalProperties;
      },
    }) as Record<string, unknown> & { $defs?: Record<string, JsonSchema> };
    for (const [name, definition] of Object.entries($defs ?? {})) this.#add(name, definition);
    if (typeof own.id !== "string") return pointed(own);
    this.#add(own.id, own);
    return { $ref: `#/components/schemas/${own.id}` };
  }

  /** Adds one that is written by hand. */
  add(name: string, schema: JsonSchema): JsonSchema {
    this.#components.set(name, schema);
    return { $ref: `#/components/schemas/${name}` };
  }

  get components(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries([...this.#components].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #add(name: string, { id: _, ...schema }: JsonSchema): void {
    this.#components.set(name, pointed(schema));
  }
}

function replace(target: Record<string, unknown>, wanted: JsonSchema): void {
  for (const name of Object.keys(target)) delete target[name];
  Object.assign(target, wanted);
}

/** The same with references that lead into the document's components. */
function pointed(schema: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonSchema;
}
