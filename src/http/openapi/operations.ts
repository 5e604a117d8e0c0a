import type { Operation } from "../../access/operation.ts";
import { deliveryApi } from "../../delivery/api.ts";
import { evidenceApi } from "../../evidence/api.ts";
import { hookApi } from "../../hook/api.ts";
import { pauseApi } from "../../pauses/api.ts";
import { privacyApi } from "../../privacy/api.ts";
import { respondApi } from "../../respond/api.ts";
import { webhookApi } from "../../webhooks/api.ts";
import { serverApi } from "../api.ts";

/** Every described route, in the order in which a reader meets them. */
export const operations: readonly Operation[] = [
  ...pauseApi,
  ...hookApi,
  ...webhookApi,
  ...deliveryApi,
  ...evidenceApi,
  ...privacyApi,
  ...respondApi,
  ...serverApi,
];
