import type { Command } from "commander";
import { cautionsOf } from "../channels/cautions.ts";
import { certificateCaution, readCertificate } from "../platform/certificate.ts";
import { auditDaysCaution } from "../platform/config/schema.ts";
import { proxyCaution } from "../platform/proxy-caution.ts";
import { print, printJson } from "./output.ts";
import { type CommonOptions, folderOf, settingsOf, withCommonOptions } from "./settings.ts";

/**
 * `pausepoint config check`: says whether the configuration would start, and from where it comes; `config reload`: puts it
 * in force without a stop.
 */
export function addConfig(program: Command): void {
  const config = program.command("config").description("check the configuration, or put it in force");
  withCommonOptions(config.command("reload").description("have the running server read its configuration anew")).action(
    async (options: CommonOptions) =>
      (await import("./reload.ts")).askToReload(await folderOf(options), options.json === true),
  );
  withCommonOptions(config.command("check").description("check the configuration without starting")).action(
    async (options: CommonOptions) => {
      const settings = await settingsOf(options);
      const { source, baseUrl, dataDir, listen, channels } = settings;
      const ofLog = auditDaysCaution(settings);
      const ofProxy = proxyCaution(settings);
      const certificate = listen.tls === undefined ? null : readCertificate(listen.tls, Date.now());
      const ofCertificate = certificate && certificateCaution(certificate, baseUrl, Date.now());
      const names = Object.keys(channels);
      // Loaded when asked for: no other command of this group needs the channels to be.
      const { unusableAddressesOf } = await import("./unusable-addresses.ts");
      const cautions = [
        ...Object.entries(channels).flatMap(([name, channel]) =>
          cautionsOf(channel).map((caution) => `channels.${name}: ${caution}`),
        ),
        ...unusableAddressesOf(settings).map(({ setting, detail }) => `${setting}: ${detail}`),
        ...(ofCertificate === null ? [] : [`listen.tls.cert: ${ofCertificate.what}`]),
        ...(ofProxy === null ? [] : [`${ofProxy.setting}: ${ofProxy.what}`]),
        ...(ofLog === null ? [] : [`retention.auditDays: ${ofLog}`]),
      ];
      if (options.json) {
        printJson({ valid: true, source, base_url: baseUrl, data: dataDir, listen, channels: names, cautions });
        return;
      }
      print(
        source === null ? "No configuration file: everything local, messages go to the outbox." : `${source} is valid.`,
      );
      print(`Links start with ${baseUrl}; listens on ${listen.host}:${listen.port}; data in ${dataDir}.`);
      print(
        names.length === 0 ? "No channel is configured: messages go to the outbox." : `Channels: ${names.join(", ")}.`,
      );
      for (const caution of cautions) print(`Note: ${caution}.`);
    },
  );
}
