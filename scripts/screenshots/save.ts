import { basename } from "node:path";
import type { Page } from "playwright-core";

/** Saves what a page shows: its first screen, or all of it. */
export async function save(page: Page, path: string, onlyScreen: boolean): Promise<void> {
  const picture = await page.screenshot({ fullPage: !onlyScreen, animations: "disabled" });
  // A page of flat colours needs no more than a palette.
  await new Bun.Image(picture).png({ palette: true, colors: 256, compressionLevel: 9 }).write(path);
  console.log(`${basename(path)}: ${(Bun.file(path).size / 1000).toFixed(0)} kB`);
}
