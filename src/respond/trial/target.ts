import { type ConfiguredChannel, ownAddressesOf } from "../../channels/configured.ts";
import { normaliseRecipients } from "../../pauses/index.ts";
import type { LoadedConfig } from "../../platform/config/load.ts";

/** Where a test message goes. */
export interface Target {
  /** The channel's name in the configuration. */
  readonly name: string;
  /** What it is made with there. */
  readonly kind: string;
  /** The address in the channel's own form. */
  readonly to: string;
}

/**
 * Reads whom a test through one channel goes to: `@name` of a person, or an address as a create takes it. Else `refusal`
 * says what is wrong with it, in words that follow "the address".
 */
export function readTarget(
  config: LoadedConfig,
  name: string,
  channel: ConfiguredChannel,
  asked: string,
): Target | { readonly refusal: string } {
  const own = ownAddressesOf(new Map([[name, channel]]))[name];
  const { addressKind } = channel.channel;
  const step = { channel: name, addressKind, ...(own === undefined ? {} : { own }) };
  const read = normaliseRecipients(asked, [step], config);
  if ("errors" in read) return { refusal: read.errors[0]?.detail ?? "can't be read" };
  return { name, kind: kindOf(config, name), to: read.recipients[0]?.destinations[0] ?? "" };
}

/** By which function of the configuration a channel is made. */
export function kindOf({ channels }: Pick<LoadedConfig, "channels">, name: string): string {
  const kind = channels[name]?.kind ?? "";
  return kind === "defined" ? "defineChannel" : kind;
}
