// Temporary folders for tests: each one is removed when the process ends.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const made: string[] = [];

process.once("exit", () => {
  for (const dir of made) rmSync(dir, { recursive: true, force: true });
});

/** A new empty folder, 0700. */
export function tempFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), "pact-test-"));
  made.push(dir);
  return dir;
}
