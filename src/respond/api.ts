import { z } from "zod";
import { json, type Operation, text, time } from "../access/operation.ts";
import { messagesQuery } from "./outbox.ts";

const messages = z
  .object({
    data: z.array(
      z.object({
        pause_id: z.string(),
        channel: z.string(),
        to: z.string(),
        text: z.string(),
        link: z.string(),
        at: time,
      }),
    ),
  })
  .meta({ id: "TestMessages" });

/** What the form of the page sends; the page itself says what is wrong with it. */
const form = z.object({ choice: z.string(), comment: z.string().optional() });

const params = { token: { description: "What stands in the message's link.", example: "AQ" } };
const page = (description: string) => text(description, "text/html");

/** What `respondRoutes` serves. */
export const respondApi: readonly Operation[] = [
  {
    method: "GET",
    path: "/r/:token",
    access: "public",
    id: "showQuestion",
    tag: "Page",
    summary: "The person's page",
    description: "Shows the question, or what has become of it. To open it decides nothing.",
    params,
    answers: {
      200: page("The page."),
      404: page("Not a link of this server."),
      429: page("Too many forged links from this address."),
      503: page("The page can't be shown now."),
    },
  },
  {
    method: "POST",
    path: "/r/:token",
    access: "public",
    id: "answerQuestion",
    tag: "Page",
    summary: "The person's choice",
    description: "What the form of the page sends.",
    params,
    body: { schema: form, type: "application/x-www-form-urlencoded", example: { choice: "Approve" } },
    answers: {
      303: {
        description: "It counts; back to the page.",
        headers: { Location: { description: "The page.", schema: { type: "string" } } },
      },
      404: page("Not a link of this server."),
      410: page("The question is over; the page says how."),
      422: page("The choice is none of the options, or the comment is too long."),
      429: page("Too many forged links from this address."),
      503: page("The answer could not be kept; the page says so."),
    },
  },
  {
    method: "GET",
    path: "/v1/test/messages",
    access: "test",
    id: "listTestMessages",
    tag: "Test world",
    summary: "Read the outbox",
    description: "The messages of one test pause in the order sent, or the newest hundred of all.",
    query: messagesQuery,
    answers: { 200: json("The messages.", messages) },
    problems: ["not-found"],
  },
];
