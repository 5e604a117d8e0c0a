import type { LoadedConfig } from "../../platform/config/load.ts";
import { proxyCaution } from "../../platform/proxy-caution.ts";
import { bad, type Finding, ok } from "./finding.ts";

/** Whether clients behind a reverse proxy are told apart; nothing where none has to be there and none is named. */
export function ofProxy(config: Pick<LoadedConfig, "listen" | "baseUrl">): Finding[] {
  const name = "reverse proxy";
  const caution = proxyCaution(config);
  if (caution !== null) return [bad(name, "warn", caution.what, caution.todo)];
  const { trustProxy } = config.listen;
  return trustProxy.length === 0 ? [] : [ok(name, `X-Forwarded-For is believed from ${trustProxy.join(", ")}`)];
}
