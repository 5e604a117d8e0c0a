import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { documents, project, proseOf } from "./documents.ts";

describe.each(documents.map((document) => [document.path, document] as const))("%s", (path, document) => {
  test("leads nowhere that is not there: no link, no picture", () => {
    const targets = [...document.text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
    const local = targets.filter((target) => !/^https:\/\//.test(target));
    const missing = local.filter((target) => !existsSync(resolve(project, dirname(path), target.replace(/#.*$/, ""))));
    expect(missing).toEqual([]);
  });

  test("names paths of this repository that are there", () => {
    const named = [...document.text.matchAll(/`((?:src|test|docs|scripts|migrations|public|examples)\/[\w./-]+)`/g)];
    const missing = named.map(([, name = ""]) => name).filter((name) => !existsSync(join(project, name)));
    expect(missing).toEqual([]);
  });

  test("speaks of PausePoint alone, and of nobody's workplace", () => {
    expect(proseOf(document).match(/\b(issues?|tickets?|sessions?|workplace)\b/gi)).toBeNull();
    expect(document.text.match(/\/work\/|\/root\/|\/tmp\/[a-z]|registry\.|npmjs|localhost:\d/gi)).toBeNull();
  });

  test("promises nothing that a program cannot be: no certificate, no customer", () => {
    const promises = /\b(SOC ?2|ISO ?27001|GDPR|HIPAA|certified|compliant|compliance|trusted by|customers?)\b/gi;
    expect(document.text.match(promises)).toBeNull();
  });

  test("does not raise its voice", () => {
    // A picture's alt text begins with a bracket, so an exclamation mark counts where a word ends with it.
    expect(proseOf(document).match(/\w!(?=\s|$)/g)).toBeNull();
    expect(proseOf(document).match(/\b(oops|simply|just works|blazing|seamless|powerful|effortless)/gi)).toBeNull();
  });
});
