// Which packages a run of the built program loads.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const HOOK = new URL("./load-hook.js", import.meta.url).href;
const REGISTER = `data:text/javascript,import{register}from"node:module";register(${JSON.stringify(HOOK)})`;

export interface Loads {
  readonly status: number | null;
  /** Names of packages, of Node's own modules as `node:NAME`, and of our own folders below src as `src/FOLDER`. */
  readonly names: ReadonlySet<string>;
  readonly stdout: string;
}

const nameOf = (url: string): string | undefined => {
  if (url.startsWith("node:")) return url;
  const inPackage = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url);
  if (inPackage !== null) return inPackage[1];
  const own = /\/dist\/src\/([^/]+)\//.exec(url);
  return own === null ? undefined : `src/${own[1]}`;
};

/** Runs the program and answers what it loaded. */
export function loadsOf(words: readonly string[], env: Readonly<Record<string, string>>): Promise<Loads> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--import", REGISTER, MAIN, ...words], { env, stdio: ["ignore", "pipe", "ignore", "pipe"] });
    let urls = "";
    let stdout = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    const loaded = child.stdio[3];
    if (loaded === null || loaded === undefined || !("on" in loaded)) throw new Error("no descriptor 3");
    loaded.on("data", (data: Buffer) => (urls += data.toString()));
    child.once("error", reject);
    child.once("close", (status) => {
      const names = urls.split("\n").map(nameOf).filter((name) => name !== undefined);
      resolve({ status, names: new Set(names), stdout });
    });
  });
}
