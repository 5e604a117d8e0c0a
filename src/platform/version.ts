import manifest from "../../package.json" with { type: "json" };

/** The version of the page's template, as the build has taken it; null from source. */
export const builtTemplate: string | null = process.env.PAUSEPOINT_BUILD_TEMPLATE || null;

/** This program's version, and the commit it was built from: null from source, and outside a git checkout. */
export const version: { readonly number: string; readonly commit: string | null } = {
  number: manifest.version,
  commit: process.env.PAUSEPOINT_BUILD_COMMIT || null,
};
