import { channelsOf, ownAddressesOf } from "../channels/configured.ts";
import { unusableAddresses } from "../pauses/index.ts";
import { systemClock } from "../platform/clock.ts";
import type { LoadedConfig } from "../platform/config/load.ts";
import { silentLog } from "../platform/log.ts";
import { systemRandom } from "../platform/random.ts";

/** What stands in `people.*.addresses` and no channel could send to: where it stands, and what it has to be. */
export function unusableAddressesOf(config: LoadedConfig): ReturnType<typeof unusableAddresses> {
  const parts = { clock: systemClock, log: silentLog, random: systemRandom(), baseUrl: () => config.baseUrl };
  const channels = channelsOf(config, { ...parts, onlySends: true });
  const own = ownAddressesOf(channels);
  const steps = [...channels].map(([name, { channel }]) => ({
    channel: name,
    addressKind: channel.addressKind,
    ...(own[name] === undefined ? {} : { own: own[name] }),
  }));
  return unusableAddresses(config, steps);
}
