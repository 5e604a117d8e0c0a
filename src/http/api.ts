import { z } from "zod";
import { json, type Operation, text } from "../access/operation.ts";

const shared = { method: "GET", access: "public", tag: "Server" } as const;

/** What the server itself serves, beside the features. */
export const serverApi: readonly Operation[] = [
  {
    ...shared,
    path: "/healthz",
    id: "getHealth",
    summary: "Whether the process answers",
    description: "For a supervisor.",
    answers: { 200: json("It does.", z.object({ status: z.literal("ok") }), { status: "ok" }) },
  },
  {
    ...shared,
    path: "/readyz",
    id: "getReadiness",
    summary: "Whether storage takes a write",
    description: "For a load balancer.",
    answers: { 200: json("It does.", z.object({ status: z.literal("ready") }), { status: "ready" }) },
  },
  {
    ...shared,
    path: "/problems/:slug",
    id: "explainProblem",
    summary: "What a problem means",
    description: "Where the `type` of every problem document leads.",
    params: { slug: { description: "The last part of `type`.", example: "no-key" } },
    answers: { 200: text("A page.", "text/html") },
  },
  {
    ...shared,
    path: "/openapi.json",
    id: "getOpenApi",
    summary: "This document",
    description: "Made of the schemas that check the requests.",
    answers: { 200: json("OpenAPI 3.1.", z.looseObject({ openapi: z.string() })) },
  },
];
