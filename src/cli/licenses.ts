import type { Command } from "commander";
import { CommandFailed, print } from "./output.ts";

/** `pausepoint licenses`: what is in this executable, and under which licence. The build has put both texts in. */
export function addLicenses(program: Command): void {
  program
    .command("licenses")
    .description("print the licences of everything in this executable")
    .option("--sbom", "print its bill of materials (CycloneDX 1.6, JSON) in their place")
    .action(async ({ sbom = false }: { sbom?: boolean }) => {
      const wanted = sbom ? /^sbom-\w+\.embedded$/ : /^licenses-\w+\.embedded$/;
      // A file of the executable, read from the disk now: nothing of it is in memory before.
      const found = Bun.embeddedFiles.find((file) => "name" in file && wanted.test(String(file.name)));
      if (found === undefined)
        throw new CommandFailed(
          "This was started from source, where nothing is bundled; `npm run build` writes both beside the executable in dist/.",
        );
      print((await found.text()).trimEnd());
    });
}
