// A failure as operators read it: what happened, why, what to do; or as one JSON object.
import { FAILURES, type PactError } from "../api/index.ts";
import { snake } from "./machine.ts";
import type { RenderSettings } from "./settings.ts";
import type { Theme } from "./theme.ts";
import { visible } from "./visible.ts";

const MAX_SERVER_HINT = 200;

/** The lines of one failure. Nothing of it can steer the terminal. */
export function failureLines(error: PactError, theme: Theme, verbose: number): string[] {
  const { reason, hint, serverHint, node, requestId } = error.about;
  // A remote command's status is its answer, not a fault of ours.
  if (error.failure === "remoteExit") return [visible(error.message), ...(verbose >= 2 ? stack(error) : [])];
  const at = node !== undefined && !error.message.includes(node) ? `${node}: ` : "";
  const lines = [`${theme.bad("error:")} ${visible(at + error.message)}`];
  if (reason !== undefined) lines.push(`  why: ${visible(reason)}`);
  if (hint !== undefined) lines.push(`  try: ${visible(hint)}`);
  if (serverHint !== undefined && (hint === undefined || !serverHint.includes(hint))) lines.push(`  server says: ${visible(serverHint).slice(0, MAX_SERVER_HINT)}`);
  if (requestId !== undefined) lines.push(`  id:  ${visible(requestId)}`);
  if (verbose >= 2) lines.push(...stack(error));
  return lines;
}

function stack(error: PactError): string[] {
  const lines: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    lines.push(...(at.stack ?? at.message).split("\n").map((line) => `  | ${visible(line)}`));
  }
  return lines;
}

/** The caret under the part of a typed line that is wrong. */
export function caretLines(line: string, error: PactError): string[] {
  const { span } = error.about;
  if (span === undefined || line.includes("\n")) return [];
  return [`  ${visible(line)}`, `  ${" ".repeat(span.start)}${"^".repeat(Math.max(1, span.end - span.start))}`];
}

/** `{"error": {…}}`, one line. */
export function failureJson(error: PactError): string {
  const { reason, hint, node, requestId, exitCode } = error.about;
  return JSON.stringify({
    error: {
      class: snake(error.failure),
      exit_code: FAILURES[error.failure].exit,
      message: error.message,
      reason: reason ?? null,
      hint: hint ?? null,
      node_id: node ?? null,
      request_id: requestId ?? null,
      ...(exitCode === undefined ? {} : { remote_exit_code: exitCode }),
    },
  });
}

/** Writes one failure to the error sink in the format's form. */
export async function renderFailure(error: PactError, settings: Pick<RenderSettings, "format" | "errTheme" | "verbose" | "err">): Promise<void> {
  const machine = settings.format !== "text" && settings.format !== "wide" && settings.format !== "name" && settings.format !== "csv";
  const text = machine ? failureJson(error) : failureLines(error, settings.errTheme, settings.verbose).join("\n");
  await settings.err.write(`${text}\n`);
}
