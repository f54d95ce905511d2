// A token of the running site, asked on its control socket: whoever can open the
// socket owns the site, so there is no login in between.
import { createConnection } from "node:net";
import { join } from "node:path";
import { CONTROL_SOCKET, type ControlRequest } from "../contract/control.ts";

/** Seconds that a token asked for lives. */
const LIFE_S = 3600;
const MOST_BYTES = 64 * 1024;
const LONGEST_MS = 5000;

/** The token of the site's default user; undefined when the site does not answer or says no. */
export function askSiteForToken(dir: string, timeoutMs: number): Promise<string | undefined> {
  const request: ControlRequest = { do: "token", ttl_s: LIFE_S };
  return new Promise((resolve) => {
    const socket = createConnection(join(dir, CONTROL_SOCKET));
    let text = "";
    const finish = (token: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(token);
    };
    const timer = setTimeout(() => finish(undefined), Math.min(timeoutMs, LONGEST_MS));
    socket.setEncoding("utf8");
    socket.on("connect", () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on("data", (part: string) => {
      text += part;
      if (text.includes("\n") || text.length > MOST_BYTES) finish(tokenIn(text));
    });
    socket.on("end", () => finish(tokenIn(text)));
    socket.on("error", () => finish(undefined));
  });
}

function tokenIn(answer: string): string | undefined {
  try {
    const value: unknown = JSON.parse(answer.split("\n", 1)[0] ?? "");
    if (typeof value === "object" && value !== null && "ok" in value && value.ok === true && "token" in value && typeof value.token === "string") return value.token;
  } catch {
    // Something else answers there; it has no token for us.
  }
  return undefined;
}
