/**
 * Slack's error codes in the operator's words. The words are shown in the API's answers beside the recipient's name, so
 * they hold nothing of the message. Codes: the method pages under https://docs.slack.dev/reference/methods
 */

export interface SlackRefusal {
  /** What is wrong and, where it helps, what to do; no full stop, so that the code can follow. */
  readonly words: string;
  /**
   * `failed`: refused for good. `retry`: this message may get through later. `down`: no message would get through now.
   * `unsure`: may pass, and Slack says that some of it may have been done already.
   */
  readonly means: "failed" | "retry" | "down" | "unsure";
}

/** What a code means; one that is not in the table is refused for good. */
export function slackRefusal(code: string): SlackRefusal {
  return REFUSALS[code] ?? { words: "Slack refused it", means: "failed" };
}

/** Codes that tell of a token or an app that the operator has to see to: asking again soon is of no use. */
export function needsOperator(code: string): boolean {
  return NEEDS_OPERATOR.has(code);
}

/** Codes of a message that was too long or whose blocks were not taken: a shorter one may be. */
export function isTooLong(code: string): boolean {
  return TOO_LONG.has(code);
}

/** What an answer without one of Slack's codes means: it came from something on the way, or from a Slack in trouble. */
export function notFromSlack(status: number): string {
  if (status === 429) return "the server in `apiBase` is being asked too often (HTTP 429)";
  if (status >= 500) return `the server in \`apiBase\` failed (HTTP ${status})`;
  if (status >= 300 && status < 400) return `\`apiBase\` leads to a redirect (HTTP ${status}), which is not followed`;
  return `something other than Slack answered (HTTP ${status}); check \`apiBase\` and any proxy on the way`;
}

const TOO_LONG = new Set(["msg_too_long", "msg_blocks_too_long", "invalid_blocks"]);

const BAD_TOKEN = "Slack does not accept the token; check `botToken` and `appToken`";

const REFUSALS: Readonly<Record<string, SlackRefusal>> = {
  // Who is asked.
  channel_not_found: failed("the channel does not exist, or is private and the app was not invited"),
  not_in_channel: failed("the app is not in the channel; invite it there, or give it the scope chat:write.public"),
  is_archived: failed("the channel is archived"),
  is_inactive: failed("the channel is frozen, archived or deleted"),
  user_not_found: failed("no such user in this workspace"),
  users_not_found: failed("no user of this workspace has that email address"),
  user_not_visible: failed("the app may not see this user"),
  user_disabled: failed("the user is deactivated"),
  user_is_bot: failed("the user is a bot, which cannot answer"),
  cannot_dm_bot: failed("the user is a bot, which cannot be written to"),
  invalid_user_combination: failed("the user belongs to another organization that shares no channel with the app"),
  team_not_found: failed("the user's workspace could not be found"),
  // What the workspace allows.
  ekm_access_denied: failed("the workspace's administrators have suspended messages there"),
  restricted_action: failed("a setting of the workspace keeps the app from writing there"),
  restricted_action_read_only_channel: failed("the channel is read-only"),
  restricted_action_thread_only_channel: failed("only replies may be written in the channel"),
  restricted_action_non_threadable_channel: failed("no replies may be written in the channel"),
  restricted_action_thread_locked: failed("the thread is locked"),
  not_allowed: failed("the app may not write there"),
  no_permission: failed("the app may not write there; it may have to be a member"),
  method_not_supported_for_channel_type: failed("messages cannot be sent to this kind of conversation"),
  cannot_reply_to_message: failed("this message can have no replies"),
  team_access_not_granted: failed("the app was not granted access to that workspace"),
  enterprise_is_restricted: failed("an organization's rule keeps the app from doing that"),
  // The message.
  msg_too_long: failed("the message is too long for Slack"),
  msg_blocks_too_long: failed("the message is too long for Slack"),
  invalid_blocks: failed("Slack did not take the message's blocks"),
  invalid_blocks_format: failed("Slack did not take the message's blocks"),
  no_text: failed("the message is empty"),
  invalid_arguments: failed("Slack did not take the request"),
  message_not_found: failed("the message is no longer there"),
  cant_update_message: failed("the message is not the app's own"),
  edit_window_closed: failed("the workspace does not allow changing a message this late"),
  update_failed: retry("Slack could not change the message"),
  // The app and its tokens: the operator can mend these while the question waits.
  invalid_auth: down(BAD_TOKEN),
  not_authed: down(BAD_TOKEN),
  token_revoked: down("the token was revoked, or the app was removed from the workspace"),
  token_expired: down("the token has expired"),
  account_inactive: down("the app's account or its workspace is deactivated"),
  not_allowed_token_type: down("the token is of the wrong kind: `botToken` starts with xoxb-, `appToken` with xapp-"),
  two_factor_setup_required: down("the workspace asks for two-factor authentication to be set up"),
  accesslimited: down("Slack is not open to this server's network"),
  access_denied: down("Slack denies access"),
  forbidden_team: down("the app was not approved for the workspace"),
  // A scope is missing for one method only: what needs no look-up still gets through.
  missing_scope: retry("the app lacks a scope; add it and install the app again"),
  // Slack itself.
  ratelimited: down("Slack is being asked too often"),
  rate_limited: down("Slack is being asked too often"),
  message_limit_exceeded: down("the workspace has sent too many messages"),
  service_unavailable: down("Slack is not available at the moment"),
  team_added_to_org: down("the workspace is being moved to an organization"),
  org_login_required: down("the workspace is being moved to an organization"),
  external_channel_migrating: retry("the channel is being moved"),
  request_timeout: retry("the request did not reach Slack whole"),
  fatal_error: unsure("Slack failed on its side"),
  internal_error: unsure("Slack failed on its side"),
};

const NEEDS_OPERATOR = new Set(
  ["invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "not_allowed_token_type"].concat(
    ["two_factor_setup_required", "missing_scope", "forbidden_team", "access_denied", "no_permission"],
  ),
);

function failed(words: string): SlackRefusal {
  return { words, means: "failed" };
}

function retry(words: string): SlackRefusal {
  return { words, means: "retry" };
}

function down(words: string): SlackRefusal {
  return { words, means: "down" };
}

function unsure(words: string): SlackRefusal {
  return { words, means: "unsure" };
}
