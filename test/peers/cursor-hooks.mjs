/**
 * Cursor's own handling of hooks, from its SDK: finds the settings, starts what stands there, and says what it makes of
 * the answer. The SDK shows it to nobody, so the parts are taken out of its bundle by their names; those that are not on
 * a hook's way (telemetry, transcripts, the wire to Cursor's servers) are left empty.
 *
 * Run by Node: `node cursor-hooks.mjs SDK '{"workspace":"/…","step":"beforeShellExecution","event":{…}}'`. Prints one line
 * of JSON: `{ "decision": what Cursor acts on, "warnings": what it had to say of the settings }`.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [sdk, asked] = process.argv.slice(2);
const { workspace, step, event } = JSON.parse(asked);

const bundle = join(sdk, "dist/esm");
const modules = {};
for (const file of readdirSync(bundle).filter((name) => /^\d+\.js$/.test(name)))
  Object.assign(modules, (await import(pathToFileURL(join(bundle, file)).href)).__webpack_esm_modules__);

/** Stands in for a part that is not on a hook's way: whatever is asked of it, it is there and does nothing. */
const empty = new Proxy(class {}, {
  get: (target, key) => (key === "prototype" ? target.prototype : key === Symbol.toPrimitive ? () => "" : empty),
  apply: () => empty,
});
/** On a hook's way, and of Node: without these nothing would be run at all. */
const ofNode = {};
for (const name of ["child_process", "os", "path", "crypto", "fs", "fs/promises", "stream/promises", "perf_hooks"]) {
  const own = await import(`node:${name}`);
  ofNode[`node:${name}`] = own;
}

const loaded = new Map();
function load(name) {
  const node = ofNode[name.replace(/\?.*$/, "")];
  if (node !== undefined) return node;
  if (modules[name] === undefined || !/hooks|shell-exec|utils/.test(name)) return empty;
  if (!loaded.has(name)) {
    const module = { exports: {} };
    loaded.set(name, module);
    modules[name].call(module.exports, module, module.exports, webpack);
  }
  return loaded.get(name).exports;
}
function webpack(name) {
  return load(name);
}
webpack.d = (exports, getters) => {
  for (const [name, get] of Object.entries(getters)) Object.defineProperty(exports, name, { enumerable: true, get });
};
webpack.r = () => {};
webpack.n = (module) => Object.assign(() => module?.default ?? module, { a: module?.default ?? module });
webpack.o = (object, key) => Object.hasOwn(object, key);

const warnings = [];
console.warn = (line) => warnings.push(String(line));
const { vk: hooks } = load("../cursor-sdk-local-runtime/dist/core/hooks-runtime.js");
const runtime = await hooks().createHooksRuntime({
  workspaceState: { projectRoot: workspace, workingDirectory: workspace, workspaceRoots: [workspace] },
});
const { hookExecutor } = runtime.createSessionRuntime();
const decision = (await hookExecutor.executeHookForStep(step, event)) ?? null;
warnings.push(...runtime.hooksConfig.errors.map(({ message }) => message));
process.stdout.write(`${JSON.stringify({ decision, warnings })}\n`);
process.exit(0);
