import { writeSync } from "node:fs";

/**
 * Writes all of a text to a file descriptor, at once: a pipe that is full is waited for, never cut; one that nobody reads
 * any more is passed over.
 */
export function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw error;
    }
  }
}
