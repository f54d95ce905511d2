// run/pact/services.toml of a virtual node: the services it has and how each is run. What
// they should be (running or stopped) is declared by the node's baseline; this file says how.
import { isTable, readToml, type Table } from "../toml.ts";
import { readInside } from "./inside.ts";

export type RestartPolicy = "always" | "on-failure" | "never";

export interface Definition {
  readonly name: string;
  /** A path, or a name that is looked for in PATH. */
  readonly binary: string;
  readonly args: readonly string[];
  readonly restart: RestartPolicy;
  /** The first pause before it is started again, s; doubled from then on. */
  readonly restartDelayS: number;
  /** Services of a lower number are started first. */
  readonly order: number;
  /** Started before it, and again asked for when it is. */
  readonly dependsOn: readonly string[];
  /** What it should be where nothing else declares it. */
  readonly state: "running" | "stopped";
}

export type Definitions = ReadonlyMap<string, Definition>;

/** As the node sees the file. */
export const DEFINITIONS = "/run/pact/services.toml";
/** The shape of a service's name (LOG5: neither `/` nor `..`). */
export const SERVICE_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9_@-]|\.(?!\.)){0,62}$/;

const MOST_BYTES = 64 * 1024;
const MOST_SERVICES = 64;
const MOST_ARGS = 256;
const MOST_TEXT = 4096;
const KEYS: readonly string[] = ["binary", "args", "restart", "restart_delay_seconds", "order", "depends_on", "state"];
const RESTARTS: ReadonlyMap<unknown, RestartPolicy> = new Map([["always", "always"], ["on-failure", "on-failure"], ["never", "never"]]);

export type DefinitionsFound = { readonly definitions: Definitions } | { readonly trouble: string };

/** Reads what the node says, each time anew; what says the same is not parsed again. No file: no services. */
export function definitionReader(root: string): () => DefinitionsFound {
  let known = "";
  let found: DefinitionsFound = { definitions: new Map() };
  return () => {
    const reading = readInside(root, "run/pact", "services.toml", MOST_BYTES);
    if ("why" in reading) return { trouble: reading.why };
    const text = "text" in reading ? reading.text : "";
    if (text !== known) {
      known = text;
      found = understood(text);
    }
    return found;
  };
}

function understood(text: string): DefinitionsFound {
  try {
    return { definitions: definitionsOf(text) };
  } catch (error) {
    return { trouble: error instanceof Error ? error.message.slice(0, MOST_TEXT / 4) : "it is not TOML" };
  }
}

/** `[services.NAME]` with a binary each. Throws an Error that says what is wrong. */
export function definitionsOf(text: string): Definitions {
  const { services = {}, ...others } = readToml(text);
  const stray = Object.keys(others)[0];
  if (stray !== undefined) throw new Error(`${quoted(stray)} is not known here; services stand below [services.NAME]`);
  if (!isTable(services)) throw new Error("services is no table");
  const entries = Object.entries(services);
  if (entries.length > MOST_SERVICES) throw new Error(`more than ${MOST_SERVICES} services`);
  const all = entries.map(([name, table]) => {
    if (!SERVICE_NAME.test(name)) throw new Error(`${quoted(name)} is not the name of a service`);
    if (!isTable(table)) throw new Error(`${name}: a service is a table with a binary`);
    return definitionFrom(name, table);
  });
  return inOrder(new Map(all.map((one) => [one.name, one])));
}

function definitionFrom(name: string, table: Table): Definition {
  const fail = (what: string): never => {
    throw new Error(`${name}: ${what}`);
  };
  const stray = Object.keys(table).find((key) => !KEYS.includes(key));
  if (stray !== undefined) fail(`${quoted(stray)} is not known; known are ${KEYS.join(", ")}`);
  const { binary, args = [], restart = "always", restart_delay_seconds: delay = 0.2, order = 0, depends_on: needs = [], state = "running" } = table;
  return {
    name,
    binary: isWord(binary) && binary !== "" ? binary : fail("binary is missing"),
    args: isWords(args) ? args : fail(`args is a list of at most ${MOST_ARGS} words`),
    restart: RESTARTS.get(restart) ?? fail(`restart is one of ${[...RESTARTS.values()].join(", ")}`),
    restartDelayS: typeof delay === "number" && delay >= 0.1 && delay <= 3600 ? delay : fail("restart_delay_seconds is 0.1 to 3600"),
    order: Number.isSafeInteger(order) ? Number(order) : fail("order is a whole number"),
    dependsOn: isWords(needs) ? needs : fail("depends_on is a list of names"),
    state: state === "running" || state === "stopped" ? state : fail("state is running or stopped"),
  };
}

const isWord = (value: unknown): value is string => typeof value === "string" && value.length <= MOST_TEXT && !value.includes("\0");
const isWords = (value: unknown): value is string[] => Array.isArray(value) && value.length <= MOST_ARGS && value.every(isWord);

/** By what each depends on, then by order, then by name. Throws when services wait for each other, or for nobody. */
function inOrder(all: Definitions): Definitions {
  const sorted = new Map<string, Definition>();
  const waiting = [...all.values()].sort((a, b) => a.order - b.order || (a.name < b.name ? -1 : 1));
  for (const { name, dependsOn } of waiting) {
    const unknown = dependsOn.find((need) => !all.has(need));
    if (unknown !== undefined) throw new Error(`${name} depends on ${quoted(unknown)}, which is no service`);
  }
  while (waiting.length > 0) {
    const at = waiting.findIndex(({ dependsOn }) => dependsOn.every((need) => sorted.has(need)));
    const [next] = at < 0 ? [] : waiting.splice(at, 1);
    if (next === undefined) throw new Error(`these services depend on each other: ${waiting.map(({ name }) => name).sort().join(", ").slice(0, 400)}`);
    sorted.set(next.name, next);
  }
  return sorted;
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
