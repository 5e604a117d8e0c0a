import type { AddressKind, Channel } from "./channel.ts";

/** One way that a message for a channel's name may take. */
export interface Step {
  /** What the address book and the pause call it: `sms`, or a channel's own name. */
  readonly channel: string;
  /** Who carries it: `outbox`, or the configured channel's own name. */
  readonly lane: string;
  readonly addressKind: AddressKind;
  /** What the channel itself makes of an address of the kind. */
  readonly own?: OwnAddresses;
  /** How long after the question was asked it is taken, in milliseconds, if none before it was seen. */
  readonly afterMs: number;
}

/** How a channel reads addresses, where the kind alone does not say. */
export type OwnAddresses = Pick<Channel, "normalizeAddress" | "addressHint">;

/** What is known of the configured channels. */
export interface ConfiguredChannels {
  /** False while the configuration says nothing of channels: then everything is kept on this machine. */
  readonly any: boolean;
  readonly addressKinds: Readonly<Record<string, AddressKind>>;
  /** Of those that read addresses by themselves too. */
  readonly ownAddresses?: Readonly<Record<string, OwnAddresses>>;
  /** Names that stand for several channels, one after the other. */
  readonly fallbacks: Readonly<Record<string, { readonly channels: readonly string[]; readonly afterMinutes: number }>>;
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
 * The ways that messages for a channel's name take, the first one at once. Test pauses always use the outbox; live ones
 * too while no channel is configured at all. Null: this channel can't be used.
 */
export function stepsFor(
  name: string,
  mode: "live" | "test",
  configured: ConfiguredChannels,
): readonly [Step, ...Step[]] | null {
  const fallback = Object.hasOwn(configured.fallbacks, name) ? configured.fallbacks[name] : undefined;
  const steps: Step[] = [];
  for (const [index, channel] of (fallback?.channels ?? [name]).entries()) {
    const step = stepTo(channel, mode, configured);
    if (step === null) return null;
    steps.push({ ...step, afterMs: index * (fallback?.afterMinutes ?? 0) * 60_000 });
  }
  const [first, ...rest] = steps;
  return first === undefined ? null : [first, ...rest];
}

function stepTo(name: string, mode: "live" | "test", configured: ConfiguredChannels): Omit<Step, "afterMs"> | null {
  const own = Object.hasOwn(configured.addressKinds, name) ? configured.addressKinds[name] : undefined;
  const builtIn = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
  const { ownAddresses = {} } = configured;
  const reads = Object.hasOwn(ownAddresses, name) ? ownAddresses[name] : undefined;
  const step = { channel: name, ...(reads === undefined ? {} : { own: reads }) };
  if (mode === "live" && own !== undefined) return { ...step, lane: name, addressKind: own };
  const addressKind = own ?? builtIn;
  if (addressKind === undefined) return null;
  return mode === "test" || !configured.any ? { ...step, lane: OUTBOX, addressKind } : null;
}
