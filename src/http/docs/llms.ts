import { leadOf, titleOf, topics } from "./pages.ts";

/** What a language model reads first (llmstxt.org): a heading, a quotation, links to Markdown. */
export function llmsText(baseUrl: string): string {
  const sections = Object.entries(topics).map(([topic, pages]) => {
    const lines = Object.entries(pages).map(
      ([name, markdown]) => `- [${titleOf(markdown)}](${baseUrl}/docs/${name}.md): ${leadOf(markdown)}`,
    );
    return `## ${topic}\n\n${lines.join("\n")}\n`;
  });
  return [
    "# PausePoint\n",
    "> Asks a person before a program goes on: `POST /v1/pause` sends a message, the person taps one option on a page, and the program goes on with the answer.\n",
    `Every route, field and error stands in the [OpenAPI document](${baseUrl}/openapi.json).\n`,
    ...sections,
  ].join("\n");
}
