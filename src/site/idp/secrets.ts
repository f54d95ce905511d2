// Secret files of the site: JSON in DIR/secrets, 0600 in 0700, replaced by rename
// so that a reader never sees half a file.
import { randomBytes } from "node:crypto";
import { chmod, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";

/** Makes the folder, for its owner alone. */
export async function openSecrets(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await chmod(dir, 0o700);
}

/** A file's content, or undefined when there is none. Throws when it is not JSON. */
export async function readSecret(dir: string, name: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(join(dir, name), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message would quote the content.
    throw new Error(`${join(dir, name)} is not JSON`);
  }
}

/** Replaces a file as one step; on the disk when it answers. */
export async function writeSecret(dir: string, name: string, content: unknown): Promise<void> {
  const path = join(dir, name);
  const partial = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  const file = await open(partial, "wx", 0o600);
  try {
    await file.writeFile(`${JSON.stringify(content, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** A table of texts, as the password and client files hold it. */
export async function readTable(dir: string, name: string): Promise<Map<string, string>> {
  const content = await readSecret(dir, name);
  if (content === undefined) return new Map();
  if (typeof content !== "object" || content === null || Array.isArray(content)) throw new Error(`${join(dir, name)} is not a table`);
  const table = new Map<string, string>();
  for (const [key, value] of Object.entries(content)) {
    if (typeof value !== "string") throw new Error(`${join(dir, name)}: "${key}" is not a text`);
    table.set(key, value);
  }
  return table;
}

/** Adds what is missing to a table and answers the whole. */
export async function completeTable(dir: string, name: string, keys: readonly string[], make: () => string): Promise<Map<string, string>> {
  const table = await readTable(dir, name);
  const missing = keys.filter((key) => !table.has(key));
  for (const key of missing) table.set(key, make());
  if (missing.length > 0) await writeSecret(dir, name, Object.fromEntries(table));
  return table;
}
