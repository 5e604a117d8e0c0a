import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Two phones side by side: the question, and what the tap did. They show the pictures that were just taken. */
export function heroPage(images: string): string {
  const screen = (name: string) =>
    `<img src="data:image/png;base64,${readFileSync(join(images, name)).toString("base64")}" width="390" height="844">`;
  return `<!doctype html><style>
    body { margin: 0; background: #fff; display: flex; justify-content: center; gap: 80px; padding: 28px 0; }
    img { border-radius: 28px; outline: 8px solid #22272c; outline-offset: -1px; }
  </style>${screen("page-open.png")}${screen("page-answered.png")}`;
}
