// Checks a journal in a process of its own: a damaged store can bring down whoever maps it,
// and that must be an answer, not an end.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Verification } from "./journal/verify.ts";
import { messageOf, SiteProblem } from "./problem.ts";

const SELF = fileURLToPath(import.meta.url);

type Said = { readonly found: Verification } | { readonly failed: string };

/** Throws SiteProblem when the journal cannot be read, or its store brings the reader down. */
export async function checkJournal(dir: string, signal?: AbortSignal): Promise<Verification> {
  const child = spawn(process.execPath, [SELF, dir], { stdio: ["ignore", "pipe", "ignore"], env: {}, ...(signal === undefined ? {} : { signal }) });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
  const end = await new Promise<string | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (_, by) => resolve(by));
  });
  if (end !== null || text === "") throw new SiteProblem("remote", `the journal in ${dir} is damaged: its store cannot be opened${end === null ? "" : ` (${end})`}`);
  const said = JSON.parse(text) as Said;
  if ("failed" in said) throw new SiteProblem("remote", `cannot read the journal in ${dir}: ${said.failed}`);
  return said.found;
}

/** What the child does: one answer on stdout. */
async function answer(dir: string): Promise<void> {
  const { verifyJournal } = await import("./journal/verify.ts");
  const said: Said = await verifyJournal(dir).then((found) => ({ found }), (error: unknown) => ({ failed: messageOf(error) }));
  process.stdout.write(JSON.stringify(said));
}

// No top-level await, which a CommonJS bundle cannot have.
if (process.argv[1] === SELF) void answer(process.argv[2] ?? "");
