import Ajv2020, { type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { openApiDocument } from "../../src/http/openapi/document.ts";

/** An exchange, as far as the OpenAPI document says anything about it. */
export interface Exchange {
  readonly method: string;
  /** With or without a query. */
  readonly path: string;
  /** What was sent as JSON, if it was. */
  readonly sent?: unknown;
  readonly status: number;
  readonly mediaType: string | null;
  readonly text: string;
}

type Node = { [name: string]: Node } & Node[];

/** The document with every object closed, so that a field that is not described is found. */
const closed = close(structuredClone(openApiDocument("http://127.0.0.1:8787"))) as unknown as Node;
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema({ $id: "openapi", ...closed } as object);
const validators = new Map<string, ValidateFunction>();

/** What contradicts the document, in one sentence; null where nothing does, or where it says nothing. */
export function contradiction({ method, path, sent, status, mediaType, text }: Exchange): string | null {
  const found = operationOf(method, new URL(path, "http://localhost").pathname);
  if (found === null) return null;
  const { pointer, operation } = found;
  const said = `${method} ${path} → ${status}`;

  const response = resolve(operation.responses?.[status]);
  if (response === undefined) return `${said}: the status is not described`;
  const types = Object.keys(response.content ?? {});
  if (method === "HEAD") return null;
  if (types.length === 0) return text === "" ? null : `${said}: a body that is not described`;
  if (mediaType === null || !types.includes(mediaType)) return `${said}: ${mediaType} is none of ${types.join(", ")}`;
  if (/json$/.test(mediaType)) {
    const ref = operation.responses?.[status]?.$ref as unknown as string | undefined;
    const at = `${ref?.slice(1) ?? `${pointer}/responses/${status}`}/content/${part(mediaType)}/schema`;
    const fault = faultIn(at, JSON.parse(text));
    if (fault !== null) return `${said}: ${fault} in ${text.slice(0, 2_000)}`;
  }

  const takesJson = operation.requestBody?.content?.["application/json"] !== undefined;
  if (status < 300 && takesJson && sent !== undefined) {
    const fault = faultIn(`${pointer}/requestBody/content/application~1json/schema`, sent);
    if (fault !== null) return `${said}: it was accepted, and yet ${fault} in ${JSON.stringify(sent).slice(0, 2_000)}`;
  }
  return null;
}

function faultIn(pointer: string, value: unknown): string | null {
  let validate = validators.get(pointer);
  if (validate === undefined) {
    validate = ajv.compile({ $ref: `openapi#${encodeURI(pointer)}` });
    validators.set(pointer, validate);
  }
  return validate(value) ? null : ajv.errorsText(validate.errors);
}

/** The operation behind a path: a fixed path goes before one with a variable part, as in the server. */
function operationOf(method: string, path: string): { pointer: string; operation: Node } | null {
  const fitting = Object.keys(closed.paths ?? {}).filter((template) => fits(template, path));
  const template = fitting.find((one) => !one.includes("{")) ?? fitting[0];
  const verb = (method === "HEAD" ? "GET" : method).toLowerCase();
  const operation = template === undefined ? undefined : closed.paths?.[template]?.[verb];
  return template === undefined || operation === undefined
    ? null
    : { pointer: `/paths/${part(template)}/${verb}`, operation };
}

function fits(template: string, path: string): boolean {
  const wanted = template.split("/");
  const parts = path.split("/");
  return (
    wanted.length === parts.length &&
    wanted.every((one, index) => (one.startsWith("{") ? parts[index] !== "" : one === parts[index]))
  );
}

function resolve(node: Node | undefined): Node | undefined {
  const ref = node?.$ref as unknown as string | undefined;
  if (ref === undefined) return node;
  return ref
    .slice(2)
    .split("/")
    .reduce<Node | undefined>((at, name) => at?.[name], closed);
}

function part(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** Refuses, in every object of an answer, what is not named. Parts of an `allOf` see only a part, and stay open. */
function close<T>(value: T, isPart = false): T {
  if (Array.isArray(value)) {
    for (const item of value) close(item, isPart);
  } else if (typeof value === "object" && value !== null) {
    const node = value as Record<string, unknown>;
    if (
      !isPart &&
      typeof node.properties === "object" &&
      node.type === "object" &&
      node.additionalProperties === undefined
    )
      node.additionalProperties = false;
    for (const [name, member] of Object.entries(node)) {
      if (name !== "example" && name !== "examples") close(member, name === "allOf");
    }
  }
  return value;
}
