/**
 * Common gateways as settings of {@link httpGateway}, to be spread into it: what is not said here (the address, the
 * credentials) you add, and what you write after a preset wins.
 *
 *     sms: httpGateway({ ...gatewayPresets.smseagle, url: "https://10.0.0.20/api/v2/messages/sms", auth: { … } })
 *
 * Each follows the vendor's published description; none was tried on the vendor's own device. Try yours with a test key.
 */
export const gatewayPresets = {
  /** SMSEagle's appliance, API v2. `auth: { type: "header", name: "access-token", value: … }`. */
  smseagle: {
    method: "POST",
    body: { json: { to: ["{{to}}"], text: "{{text}}" } },
    success: { status: [200], path: "0.status", is: ["queued"] },
    messageId: { path: "0.id" },
  },
  /** SMS Gateway for Android, on the phone itself or its private server. `auth: { type: "basic", … }`. */
  androidSmsGateway: {
    method: "POST",
    body: {
      json: {
        phoneNumbers: ["{{to}}"],
        textMessage: { text: "{{text}}" },
        withDeliveryReport: true,
        ttl: "{{ttlSeconds}}",
      },
    },
    success: { status: [200, 201, 202] },
    messageId: { path: "id" },
  },
  /** Vonage's SMS API, where a refusal is a 200 too. Its key and secret go beside `form` as `api_key` and `api_secret`. */
  vonage: {
    method: "POST",
    url: "https://rest.nexmo.com/sms/json",
    phoneFormat: "without-plus",
    body: { form: { from: "{{from}}", to: "{{to}}", text: "{{text}}", type: "unicode", callback: "{{receiptUrl}}" } },
    success: { status: [200], path: "messages.0.status", is: ["0"] },
    // Throttled, an internal error, too many connections.
    retry: [{ path: "messages.0.status", is: ["1", "5", "8"] }],
    messageId: { path: "messages.0.message-id" },
  },
} as const;
