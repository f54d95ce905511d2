// Running `pact doctor` of the built program, and reading its lines.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempFolder } from "./folder.ts";
import { type Ran, runPact, scrubbedEnv } from "./site.ts";

/** What all looks together may take, and what a loaded machine needs to start Node, in ms. */
export const LONGEST_MS = 12_000 + 3_000;

export interface Row {
  readonly check: string;
  readonly status: string;
  readonly detail: string;
  readonly hint: string | null;
}
export type Told = Ran & { readonly rows: readonly Row[]; readonly row: (check: string) => Row };

/** Never throws for what fails; `row` throws where there is no such line. */
export async function doctor(env: Readonly<Record<string, string>>, ...words: readonly string[]): Promise<Told> {
  const ran = await runPact(["doctor", "--output", "json", ...words], env, undefined, LONGEST_MS);
  const rows: readonly Row[] = ran.stdout === "" ? [] : JSON.parse(ran.stdout);
  return {
    ...ran, rows,
    row(check) {
      const found = rows.find((one) => one.check === check);
      if (found === undefined) throw new Error(`no line for ${check}:\n${ran.stdout}${ran.stderr}`);
      return found;
    },
  };
}

/** Names of the checks that failed. */
export const wrong = ({ rows }: Told): readonly string[] => rows.filter(({ status }) => status === "fail").map(({ check }) => check);

/** The environment of a home of its own with a cli.toml. */
export function homeWith(toml: string): Record<string, string> {
  const home = tempFolder();
  mkdirSync(join(home, ".config/pact"), { recursive: true, mode: 0o700 });
  writeFileSync(join(home, ".config/pact/cli.toml"), toml, { mode: 0o600 });
  return scrubbedEnv(home);
}
