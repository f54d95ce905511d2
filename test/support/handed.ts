// A $BROWSER for the program under test that opens nothing, and hands the page's address to the test.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Browser, type Page } from "../site/idp/browser.ts";
import { tempFolder } from "./folder.ts";

export interface Handed {
  /** For BROWSER. */
  readonly program: string;
  /** The address of the page that pact has opened last; undefined before, and after it was taken. */
  take(): string | undefined;
}

export function handedPages(): Handed {
  const dir = tempFolder();
  const [program, address] = [join(dir, "browser"), join(dir, "address")];
  writeFileSync(program, `#!/bin/sh\nprintf '%s\\n' "$1" > '${address}.new' && mv '${address}.new' '${address}'\n`, { mode: 0o700 });
  return {
    program,
    take() {
      if (!existsSync(address)) return undefined;
      const text = readFileSync(address, "utf8").trim();
      rmSync(address);
      return text;
    },
  };
}

/** Types a password into the login page at an address; answers the page it ends on. */
export async function typePassword(address: string, username: string, password: string): Promise<Page> {
  const browser = new Browser();
  return await browser.submit(await browser.open(address), { username, password });
}
