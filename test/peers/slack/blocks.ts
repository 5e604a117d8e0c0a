import type { Block } from "./workspace.ts";

/** Blocks as Slack keeps them, each with its `block_id`, or what is wrong with them. */
export type BlocksVerdict =
  | { readonly blocks: readonly Block[] }
  | { readonly error: "invalid_blocks_format" }
  | { readonly error: "invalid_blocks"; readonly complaints: readonly string[] };

/**
 * Holds a `blocks` argument, an array or its JSON, against the limits of the Block Kit reference (docs.slack.dev:
 * blocks, block elements, composition objects). A complaint is worded as Slack words it and names its place by a JSON
 * pointer. Lengths are counted in UTF-16 units, the strictest reading of "characters".
 */
export function examineBlocks(argument: unknown): BlocksVerdict {
  const blocks = typeof argument === "string" ? parse(argument) : argument;
  if (!Array.isArray(blocks) || !blocks.every(isObject)) return { error: "invalid_blocks_format" };
  const complaints: string[] = [];
  if (blocks.length > 50) complaints.push("no more than 50 items allowed [json-pointer:/blocks]");
  const blockIds = new Set<unknown>();
  for (const [index, block] of blocks.entries()) {
    const at = new Place(`/blocks/${index}`, complaints);
    checkBlock(block, at);
    if (block.block_id !== undefined && blockIds.has(block.block_id)) {
      at.complain(`\`block_id\` \`${String(block.block_id)}\` already exists for another block`, "block_id");
    }
    blockIds.add(block.block_id);
  }
  if (complaints.length > 0) return { error: "invalid_blocks", complaints };
  return { blocks: blocks.map((block, index) => withIds(block, index)) };
}

type Fields = Readonly<Record<string, unknown>>;

/** A place in the document, and where complaints about it go. */
class Place {
  readonly #pointer: string;
  readonly #complaints: string[];

  constructor(pointer: string, complaints: string[]) {
    this.#pointer = pointer;
    this.#complaints = complaints;
  }

  complain(message: string, field?: string | number): void {
    this.#complaints.push(`${message} [json-pointer:${this.#pointer}${field === undefined ? "" : `/${field}`}]`);
  }

  in(field: string | number): Place {
    return new Place(`${this.#pointer}/${field}`, this.#complaints);
  }

  /** Refuses fields outside `required` and `optional`, and the lack of a required one. */
  shape(fields: Fields, required: readonly string[], optional: readonly string[] = []): void {
    for (const name of required) if (fields[name] === undefined) this.complain(`missing required field: ${name}`);
    for (const name of Object.keys(fields)) {
      if (!required.includes(name) && !optional.includes(name)) this.complain(`invalid additional property: ${name}`);
    }
  }

  /** A string of 1 to `longest` characters, when the field is there. */
  string(fields: Fields, name: string, longest: number): void {
    const value = fields[name];
    if (value === undefined) return;
    if (typeof value !== "string") this.complain("must provide a string", name);
    else if (value.length === 0) this.complain("must be more than 0 characters", name);
    else if (value.length > longest) this.complain(`must be less than ${longest + 1} characters`, name);
  }

  list(fields: Fields, name: string, most: number): readonly unknown[] {
    const value = fields[name];
    if (value === undefined) return [];
    if (!Array.isArray(value)) this.complain("must provide an array", name);
    else if (value.length === 0) this.complain("must have at least 1 item", name);
    else if (value.length > most) this.complain(`no more than ${most} items allowed`, name);
    return Array.isArray(value) ? value : [];
  }
}

function checkBlock(block: Fields, at: Place): void {
  at.string(block, "block_id", 255);
  switch (block.type) {
    case "divider":
      at.shape(block, ["type"], ["block_id"]);
      break;
    case "header":
      at.shape(block, ["type", "text"], ["block_id"]);
      checkText(block.text, at.in("text"), 150, ["plain_text"]);
      break;
    case "section":
      checkSection(block, at);
      break;
    case "context":
      checkContext(block, at);
      break;
    case "actions":
      at.shape(block, ["type", "elements"], ["block_id"]);
      checkElements(at.list(block, "elements", 25), at.in("elements"));
      break;
    case "input":
      checkInput(block, at);
      break;
    case "image":
      at.shape(block, ["type", "alt_text", "image_url"], ["block_id", "title"]);
      at.string(block, "alt_text", 2000);
      checkUrl(block, "image_url", at);
      break;
    case undefined:
      at.complain("missing required field: type");
      break;
    default:
      at.complain(`unsupported type: ${String(block.type)}`, "type");
  }
}

function checkSection(block: Fields, at: Place): void {
  at.shape(block, ["type"], ["block_id", "text", "fields", "accessory", "expand"]);
  if (block.text === undefined && block.fields === undefined) {
    at.complain("must define either `text` or `fields`", "type");
  }
  if (block.text !== undefined) checkText(block.text, at.in("text"), 3000);
  for (const [index, field] of at.list(block, "fields", 10).entries()) {
    checkText(field, at.in("fields").in(index), 2000);
  }
  if (block.accessory !== undefined) checkElement(block.accessory, at.in("accessory"));
}

function checkContext(block: Fields, at: Place): void {
  at.shape(block, ["type", "elements"], ["block_id"]);
  for (const [index, element] of at.list(block, "elements", 10).entries()) {
    const place = at.in("elements").in(index);
    if (isObject(element) && element.type === "image") {
      place.shape(element, ["type", "alt_text", "image_url"]);
      checkUrl(element, "image_url", place);
    } else checkText(element, place, 3000);
  }
}

function checkInput(block: Fields, at: Place): void {
  at.shape(block, ["type", "label", "element"], ["block_id", "hint", "optional", "dispatch_action"]);
  checkText(block.label, at.in("label"), 2000, ["plain_text"]);
  if (block.hint !== undefined) checkText(block.hint, at.in("hint"), 2000, ["plain_text"]);
  const { element } = block;
  const place = at.in("element");
  if (!isObject(element)) return;
  if (element.type !== "plain_text_input") {
    place.complain(`unsupported type: ${String(element.type)}`, "type");
    return;
  }
  const limits = ["min_length", "max_length", "dispatch_action_config", "focus_on_load", "placeholder"];
  place.shape(element, ["type"], ["action_id", "initial_value", "multiline", ...limits]);
  place.string(element, "action_id", 255);
  if (element.placeholder !== undefined) checkText(element.placeholder, place.in("placeholder"), 150, ["plain_text"]);
}

function checkElements(elements: readonly unknown[], at: Place): void {
  const actionIds = new Set<unknown>();
  for (const [index, element] of elements.entries()) {
    const place = at.in(index);
    checkElement(element, place);
    const actionId = isObject(element) ? element.action_id : undefined;
    if (actionId !== undefined && actionIds.has(actionId)) {
      place.complain(`\`action_id\` \`${String(actionId)}\` already exists for another element`, "action_id");
    }
    actionIds.add(actionId);
  }
}

function checkElement(element: unknown, at: Place): void {
  if (!isObject(element)) {
    at.complain("must provide an object");
    return;
  }
  at.string(element, "action_id", 255);
  if (element.confirm !== undefined) checkConfirm(element.confirm, at.in("confirm"));
  switch (element.type) {
    case "button":
      checkButton(element, at);
      break;
    case "overflow":
      at.shape(element, ["type", "options"], ["action_id", "confirm"]);
      checkOptions(at.list(element, "options", 5), at.in("options"));
      break;
    case "static_select":
      at.shape(
        element,
        ["type", "options"],
        ["action_id", "confirm", "placeholder", "initial_option", "focus_on_load"],
      );
      if (element.placeholder !== undefined) checkText(element.placeholder, at.in("placeholder"), 150, ["plain_text"]);
      checkOptions(at.list(element, "options", 100), at.in("options"));
      break;
    default:
      at.complain(`unsupported type: ${String(element.type)}`, "type");
  }
}

function checkButton(button: Fields, at: Place): void {
  at.shape(button, ["type", "text"], ["action_id", "url", "value", "style", "confirm", "accessibility_label"]);
  checkText(button.text, at.in("text"), 75, ["plain_text"]);
  at.string(button, "value", 2000);
  at.string(button, "accessibility_label", 75);
  checkUrl(button, "url", at);
  if (button.style !== undefined && button.style !== "primary" && button.style !== "danger") {
    at.complain("must be a valid enum value", "style");
  }
}

function checkOptions(options: readonly unknown[], at: Place): void {
  for (const [index, option] of options.entries()) {
    const place = at.in(index);
    if (!isObject(option)) {
      place.complain("must provide an object");
      continue;
    }
    place.shape(option, ["text", "value"], ["description", "url"]);
    checkText(option.text, place.in("text"), 75);
    place.string(option, "value", 150);
  }
}

function checkConfirm(confirm: unknown, at: Place): void {
  if (!isObject(confirm)) {
    at.complain("must provide an object");
    return;
  }
  at.shape(confirm, ["title", "text", "confirm", "deny"], ["style"]);
  checkText(confirm.title, at.in("title"), 100, ["plain_text"]);
  checkText(confirm.text, at.in("text"), 300);
  checkText(confirm.confirm, at.in("confirm"), 30, ["plain_text"]);
  checkText(confirm.deny, at.in("deny"), 30, ["plain_text"]);
}

/** A text object. `emoji` goes with plain text, `verbatim` with mrkdwn. */
function checkText(text: unknown, at: Place, longest: number, types = ["plain_text", "mrkdwn"]): void {
  if (text === undefined) return;
  if (!isObject(text)) {
    at.complain("must provide an object");
    return;
  }
  if (typeof text.type !== "string" || !types.includes(text.type)) {
    at.complain(`unsupported type: ${String(text.type)}`, "type");
  }
  at.shape(text, ["type", "text"], [text.type === "mrkdwn" ? "verbatim" : "emoji"]);
  at.string(text, "text", longest);
}

function checkUrl(fields: Fields, name: string, at: Place): void {
  at.string(fields, name, 3000);
  const url = fields[name];
  if (typeof url !== "string") return;
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? "")) at.complain("invalid url", name);
}

/** Slack names what came without a name. */
function withIds(block: Fields, index: number): Block {
  const named = { block_id: `b${index}`, ...block };
  const elements: unknown = block.elements;
  if (block.type !== "actions" || !Array.isArray(elements)) return named;
  return { ...named, elements: elements.map((element, place) => ({ action_id: `a${place}`, ...element })) };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
