// The control socket: one line of JSON in, one line out, then the connection ends.
// Whoever can open it owns the folder, so there is no further question of who asks.
import { createServer, createConnection, type Socket } from "node:net";
import { chmodSync, rmSync } from "node:fs";
import type { ControlAnswer, ControlRequest } from "../contract/control.ts";
import { readRequest } from "./control-request.ts";
import { codeOf, messageOf, SiteProblem } from "./problem.ts";

/** Bytes of a request or an answer. */
const MAX_LINE = 256 * 1024;
/** How long a client may take to send its line. */
const READ_DEADLINE_MS = 5_000;

export interface ControlServer {
  close(): Promise<void>;
}

/** Collects a line from a socket; the handler is called once, with the line or what went wrong. */
function readLine(socket: Socket, done: (line: string | undefined, why?: string) => void): void {
  const parts: Buffer[] = [];
  let size = 0;
  let settled = false;
  const settle = (line: string | undefined, why?: string): void => {
    if (settled) return;
    settled = true;
    socket.pause();
    done(line, why);
  };
  socket.on("data", (data: Buffer) => {
    parts.push(data);
    size += data.length;
    if (data.includes(10)) settle(Buffer.concat(parts).toString("utf8").split("\n", 1)[0]);
    else if (size > MAX_LINE) settle(undefined, "too long");
  });
  socket.on("end", () => settle(undefined, "the line did not end"));
  socket.on("timeout", () => settle(undefined, "too slow"));
  socket.on("error", () => settle(undefined, "the connection broke"));
}

async function answerTo(line: string, answer: (request: ControlRequest) => Promise<object>): Promise<ControlAnswer> {
  try {
    return { ok: true, ...(await answer(readRequest(line))) };
  } catch (error) {
    return { ok: false, error: messageOf(error) };
  }
}

/**
 * Listens at a path that is ours by the folder's lock; a left-over socket is removed.
 * `answer` gives the fields of a good answer or throws an Error whose message is shown.
 */
export async function startControl(path: string, answer: (request: ControlRequest) => Promise<object>): Promise<ControlServer> {
  const open = new Set<Socket>();
  // Half-open, so that a client may close its side after the line and still hear the answer.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const reply = (what: ControlAnswer): void => {
      socket.end(`${JSON.stringify(what)}\n`);
      socket.destroySoon();
    };
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.setTimeout(READ_DEADLINE_MS);
    readLine(socket, (line, why) => {
      // From here on it is our turn: the peer's silence is no fault.
      socket.setTimeout(0);
      if (line === undefined) return reply({ ok: false, error: why ?? "no request" });
      void answerTo(line, answer).then(reply);
    });
  });
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Answers under way (that of `down` among them) get a moment; then the rest is cut.
      const cut = setTimeout(() => open.forEach((socket) => socket.destroy()), 500);
      await closed;
      clearTimeout(cut);
    },
  };
}

const broken = (path: string, why: string, cause?: unknown): SiteProblem =>
  new SiteProblem("connection", `the site does not answer at ${path}: ${why}`, "pact site up", cause);

function readAnswer(path: string, line: string): Extract<ControlAnswer, { ok: true }> {
  let reply: unknown;
  try {
    reply = JSON.parse(line);
  } catch {
    throw broken(path, "it said something that is not an answer");
  }
  if (typeof reply !== "object" || reply === null || !("ok" in reply)) throw broken(path, "it said something that is not an answer");
  if (reply.ok === true) return reply as Extract<ControlAnswer, { ok: true }>;
  throw new SiteProblem("remote", "error" in reply && typeof reply.error === "string" ? reply.error : "the site refused");
}

/** Asks a running site. Throws SiteProblem: connection when nothing answers, remote when it says no. */
export function askSite(path: string, request: ControlRequest, deadlineMs = 10_000): Promise<Extract<ControlAnswer, { ok: true }>> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.setTimeout(deadlineMs);
    socket.on("connect", () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on("error", (error) => reject(broken(path, codeOf(error) ?? error.message, error)));
    socket.on("timeout", () => reject(broken(path, `nothing within ${deadlineMs / 1000} s`)));
    readLine(socket, (line, why) => {
      socket.destroy();
      if (line === undefined) return reject(broken(path, why ?? "no answer"));
      try {
        resolve(readAnswer(path, line));
      } catch (error) {
        reject(error);
      }
    });
  });
}
