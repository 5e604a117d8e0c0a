/** What goes over the wire, under the API's own names: taken from its OpenAPI document, which `api.ts` is made of. */
import type { components, operations } from "./api.ts";

type Schemas = components["schemas"];
type QueryOf<Id extends keyof operations> = NonNullable<operations[Id]["parameters"]["query"]>;

/** The body of `POST /v1/pause`. What is left out has the server's default. */
export type CreatePause = Schemas["CreatePause"];

/** A pause, as every answer shows it. Times are RFC 3339 in UTC. */
export type Pause = Schemas["Pause"];

/** What became of the message to one recipient over one channel. */
export type Delivery = Schemas["PauseDelivery"];

/** Filters of a list of pauses: `created_after` is inclusive, `created_before` exclusive, `limit` 1 to 100. */
export type ListQuery = QueryOf<"listPauses">;

/** Filters of the log. */
export type AuditQuery = Omit<QueryOf<"getAuditLog">, "disclose"> & { readonly disclose?: boolean };

/** An entry of the log. What `data` holds depends on its type: docs/audit-format.md of the server. */
export type AuditEntry = Schemas["AuditEntry"];

/** A page of the log; with `disclose`, and by `seq`, what the entries commit to. */
export type AuditPage = Schemas["AuditPage"];

/** What a receipt was, once it is yours. */
export type ConsumedReceipt = Schemas["ConsumedReceipt"];

/** A page of a list. `next_cursor` leads to the next one with the same filters; it is null on the last. */
export interface Page<Item> {
  readonly data: readonly Item[];
  readonly next_cursor: string | null;
}

/** Which field of a request is wrong, and why: a JSON Pointer (RFC 6901) into the body, or a parameter of the query. */
export interface FieldError {
  readonly pointer?: string;
  readonly parameter?: string;
  readonly detail: string;
}
