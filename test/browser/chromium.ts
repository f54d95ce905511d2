// A real browser for tests: the system's Chromium without a window, a fresh profile, and no way out
// of this machine.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Chromium } from "playwright-core";
import { scrubbedEnv } from "../support/site.ts";

/** Where Chromium is; undefined when there is none. */
export function chromiumPath(): string | undefined {
  const places = (process.env["PATH"] ?? "").split(delimiter).map((dir) => join(dir, "chromium"));
  return places.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Starts it with `home` for everything it keeps. It ends with the test's process at the latest. */
export async function startChromium(path: string, home: string): Promise<Chromium> {
  const { chromium } = await import("playwright-core");
  return await chromium.launch({
    executablePath: path,
    env: scrubbedEnv(home),
    args: [
      // No name is looked up, so nothing but loopback addresses can be reached.
      "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
      "--no-proxy-server",
      "--disable-dev-shm-usage",
      // Root has no user namespaces of Chromium's kind to put pages into.
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
    ],
  });
}
