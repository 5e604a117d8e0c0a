import { StdioServerTransport, serveStdio } from "@modelcontextprotocol/server/stdio";
import { type McpServerParts, mcpServer } from "./server.ts";

/**
 * Serves one client on stdin and stdout until it closes stdin or `stop` resolves. Nothing but messages of the protocol
 * goes to stdout.
 *
 * @param onError told what the client can't be told, such as a line that is no message
 */
export async function serveOverStdio(
  parts: Omit<McpServerParts, "outlivesServer">,
  stop: Promise<void>,
  onError: (text: string) => void,
): Promise<void> {
  const transport = new Pipes();
  const handle = serveStdio(() => mcpServer({ ...parts, outlivesServer: true }), {
    transport,
    onerror: (error) => onError(error.message),
  });
  await Promise.race([transport.closed, stop]);
  await handle.close();
}

/** This process's pipes, which tell when they are closed: by the client, or after a message that is far too long. */
class Pipes extends StdioServerTransport {
  readonly #closed = Promise.withResolvers<void>();

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  override async close(): Promise<void> {
    await super.close();
    this.#closed.resolve();
  }
}
