/** The configuration can't be used. Its message tells the operator what to do, then where. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
