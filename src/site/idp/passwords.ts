// Passwords of the site's users and secrets of its clients. They are kept as they
// are, because `pact site passwd USER` shows them to the owner of the folder.
import { createHash, randomInt, timingSafeEqual } from "node:crypto";
import { completeTable, readTable, writeSecret } from "./secrets.ts";

const PASSWORDS = "passwords.json";
const CLIENTS = "clients.json";
// No letters that are read for one another.
const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";

/** Four groups of four: 80 bits, and still typed without trouble. */
function makePassword(): string {
  const group = (): string => Array.from({ length: 4 }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
  return [group(), group(), group(), group()].join("-");
}

export interface Passwords {
  /** The user's password; throws when the site has no such user. */
  get(user: string): Promise<string>;
  set(user: string, password: string): Promise<void>;
  /** Whether it is the user's password; takes the same time for unknown users. */
  check(user: string, password: string): Promise<boolean>;
}

/** Reads the file at each use, so that a password changed by another program of the owner holds at once. */
export async function openPasswords(dir: string, users: readonly string[]): Promise<Passwords> {
  await completeTable(dir, PASSWORDS, users, makePassword);
  const find = async (user: string): Promise<string> => {
    const password = users.includes(user) ? (await readTable(dir, PASSWORDS)).get(user) : undefined;
    if (password === undefined) throw new Error(`the site has no user ${JSON.stringify(user)}`);
    return password;
  };
  return {
    get: find,
    async set(user, password) {
      await find(user);
      if (password === "" || password.length > 1024) throw new Error("a password has from 1 to 1024 characters");
      const table = await readTable(dir, PASSWORDS);
      table.set(user, password);
      await writeSecret(dir, PASSWORDS, Object.fromEntries(table));
    },
    async check(user, password) {
      const known = await find(user).catch(() => undefined);
      const same = timingSafeEqual(digest(password), digest(known ?? makePassword()));
      return known !== undefined && same;
    },
  };
}

/** Secrets of the service clients, made at first start. */
export function openClientSecrets(dir: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  return completeTable(dir, CLIENTS, ids, () => makePassword() + makePassword());
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
