import type { AddressKind } from "./channel.ts";

/** Where a message for a channel's name is handed to. */
export interface Route {
  /** `outbox`, or the configured channel's own name. */
  readonly carrier: string;
  readonly addressKind: AddressKind;
}

/** The name of the carrier that sends nothing: messages are kept to be read on this machine. */
export const OUTBOX = "outbox";

/** Channels that always exist, configured or not. */
const BUILT_IN: Readonly<Record<string, AddressKind>> = {
  sms: "phone",
  email: "email",
  slack: "slack",
  whatsapp: "phone",
};

/**
 * Which carrier takes a channel's messages. Test pauses always use the outbox; live ones too while no channel is
 * configured at all. Null: this channel can't be used.
 */
export function routeFor(
  name: string,
  mode: "live" | "test",
  configured: { readonly any: boolean; readonly addressKinds: Readonly<Record<string, AddressKind>> },
): Route | null {
  const own = Object.hasOwn(configured.addressKinds, name) ? configured.addressKinds[name] : undefined;
  const builtIn = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
  if (mode === "live" && own !== undefined) return { carrier: name, addressKind: own };
  const addressKind = own ?? builtIn;
  if (addressKind === undefined) return null;
  return mode === "test" || !configured.any ? { carrier: OUTBOX, addressKind } : null;
}
