/** What is asked of an endpoint in a form, and what it says when the API would refuse it. */
import { faultIn } from "../../platform/json.ts";
import { invalid, Problem } from "../../platform/problem.ts";
import { webhookEvents } from "../../webhooks/index.ts";
import { type Fragment, field, Html, html } from "../html.ts";

/** What stands in the fields. */
export interface Draft {
  readonly url: string;
  readonly description: string;
  /** None: all, also those to come. */
  readonly events: readonly string[];
}

/** A form that was refused: as it was filled in, and what is wrong by field. */
export interface Refused {
  readonly draft: Draft;
  readonly faults: readonly { readonly name: string; readonly label: string; readonly detail: string }[];
}

export function readDraft(fields: URLSearchParams): Draft {
  const of = (name: string) => (fields.get(name) ?? "").trim();
  return { url: of("url"), description: of("description"), events: fields.getAll("event") };
}

/** The draft as a body of the API. @throws Problem `invalid` for what no field may hold. */
export function bodyOf({ url, description, events }: Draft): object {
  const body = {
    url,
    description: description === "" ? null : description,
    events: events.length === 0 ? null : events,
  };
  const fault = faultIn(body);
  if (fault !== null) throw invalid([fault]);
  return body;
}

/** A refusal of the API by the fields of the form. @throws what is none. */
export function refusedBy(error: unknown, draft: Draft): Refused {
  if (!(error instanceof Problem) || error.errors.length === 0) throw error;
  const faults = error.errors.map((fault) => {
    const [, member = ""] = "pointer" in fault ? fault.pointer.split("/") : [];
    const { name, label } = FIELDS[member] ?? { name: "url", label: member };
    return { name, label, detail: fault.detail };
  });
  return { draft, faults };
}

/** The members of the API's body, as the form calls them. */
const FIELDS: Readonly<Record<string, { readonly name: string; readonly label: string }>> = {
  url: { name: "url", label: "URL" },
  description: { name: "description", label: "What it is for" },
  events: { name: "events", label: "It is told of" },
};

/** What was wrong, each with a link to its field. */
export function faultsNotice(refused: Refused | null): Html {
  if (refused === null) return html``;
  return html`<div class="notice" role="alert" id="faults">${refused.faults.map(({ name, label, detail }) => html`<p><a href="#${name}">${label}</a> ${detail}.</p>`)}</div>`;
}

/** The fields, filled in; those that are wrong say so. */
export function draftFields({ url, description, events }: Draft, refused: Refused | null): Fragment {
  const wrong = (name: string) =>
    refused?.faults.some((fault) => fault.name === name) === true
      ? new Html(' aria-invalid="true" aria-describedby="faults"')
      : null;
  const boxes = webhookEvents.map(
    (event) =>
      html`<label><input type="checkbox" name="event" value="${event}"${events.includes(event) ? new Html(" checked") : null}> ${event}</label>`,
  );
  return [
    field(
      "URL",
      "url",
      html`required maxlength="2048" inputmode="url" autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="https://example.com/hooks" value="${url}"${wrong("url")}`,
    ),
    field(
      "What it is for",
      "description",
      html`maxlength="200" value="${description}"${wrong("description")}`,
      "May be empty.",
    ),
    html`<fieldset id="events"${wrong("events")}><legend>It is told of</legend>${boxes}<p class="quiet">With none chosen, of every end, also of kinds to come.</p></fieldset>`,
  ];
}
