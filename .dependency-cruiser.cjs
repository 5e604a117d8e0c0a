/**
 * Which part of the house may import which: entry points → features → storage → platform, never upward, and the
 * features in one order. `npm run lint` checks src against it; test/scripts/rules.test.ts shows that each rule bites.
 */
const entryPoints = ["main", "app", "cli", "http", "mcp", "hook", "console"];
/** Each feature may use those of the later rows. */
const featureRows = [
  ["evidence", "witness"],
  ["respond", "backup"],
  ["privacy"],
  ["pauses"],
  ["delivery"],
  ["webhooks", "channels"],
  ["access"],
  ["audit"],
];
const features = featureRows.flat();

/** A pattern for the folder or file of each of the rooms under src. */
const rooms = (names) => `^src/(${names.join("|")})([.]ts$|/)`;

const upward = (name, from, to) => ({
  name,
  comment: "Imports point downward only: entry points → features → storage → platform.",
  severity: "error",
  from: { path: rooms(from) },
  to: { path: rooms(to) },
});

/** No feature may use the others of its own row or of the rows before it. */
const featureOrder = featureRows.flatMap((row, index) =>
  row.map((feature) => {
    const forbidden = featureRows
      .slice(0, index + 1)
      .flat()
      .filter((other) => other !== feature);
    return {
      name: `feature-order-${feature}`,
      comment:
        "evidence, witness → respond → privacy → pauses → delivery → webhooks, channels → access → audit: each may use what stands after it.",
      severity: "error",
      from: { path: rooms([feature]) },
      to: { path: rooms(forbidden) },
    };
  }),
);

module.exports = {
  forbidden: [
    upward("features-below-entry-points", features, entryPoints),
    upward("storage-below-features", ["storage"], [...entryPoints, ...features]),
    upward("platform-is-the-ground", ["platform"], [...entryPoints, ...features, "storage"]),
    ...featureOrder,
    {
      name: "a-room-for-every-file",
      comment: "A new folder or file directly under src has to be given its floor in this file.",
      severity: "error",
      from: { path: "^src/", pathNot: rooms([...entryPoints, ...features, "storage", "platform"]) },
      to: {},
    },
    {
      name: "channels-know-no-storage",
      comment: "A channel sends a message and reports what happened; what is stored is for others to say.",
      severity: "error",
      from: { path: rooms(["channels"]) },
      to: { path: rooms(["storage"]) },
    },
    {
      name: "database-behind-storage",
      comment: "Only storage knows the driver and the query builder; a second dialect will come.",
      severity: "error",
      from: { path: "^src/", pathNot: rooms(["storage"]) },
      to: { path: "(^|/)node_modules/(better-sqlite3|kysely|@types/better-sqlite3)/|^(bun|node):sqlite$" },
    },
    {
      name: "twilio-only-when-used",
      comment: "The client costs about 30 MB of memory; import() it at its first use.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "(^|/)node_modules/twilio/", dynamic: false, dependencyTypesNot: ["type-only"] },
    },
    {
      name: "mcp-only-when-used",
      comment: "The SDK costs memory; from outside, and from what every start loads, import() what needs it.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/mcp/(?!(route|sites)[.]ts$)" },
      to: {
        path: "^src/mcp/(?!(route|sites)[.]ts$)|(^|/)node_modules/@modelcontextprotocol/",
        dynamic: false,
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "no-circle",
      comment: "Two files that need each other are one, or hide a third.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "product-stands-alone",
      comment:
        "What ships does not import tests, scripts or examples. The commands that speak to a server use its client; the pages that it serves are those of docs, with the files that they lead to.",
      severity: "error",
      from: { path: "^src/" },
      to: {
        path: "^(test|scripts|examples|clients|docs)/",
        pathNot:
          "^clients/typescript/src/|^clients/verify/pausepoint_verify[.]py$|^docs/([a-z-]+[.]md|images/[a-z-]+[.]png)$",
      },
    },
    {
      name: "client-stands-alone",
      comment: "The client is a package of its own: it needs fetch and Web Crypto, and nothing of ours.",
      severity: "error",
      from: { path: "^clients/typescript/src/" },
      to: { pathNot: "^clients/typescript/src/" },
    },
    {
      name: "declared-dependencies-only",
      comment: "What ships imports what package.json names under dependencies (types excepted).",
      severity: "error",
      from: { path: "^src/" },
      to: {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"],
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "everything-resolves",
      comment: "An import that leads nowhere.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true, // type imports count: a floor's types are part of the floor
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["bun", "import", "require", "node", "default", "types"],
    },
  },
};
