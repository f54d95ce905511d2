import { type Finding, type View, FAILURES, PactError, defineCommand, exitOf, rows } from "pact/api";
import { examine } from "./doctor/examine.ts";

type CheckRow = Pick<Finding, "check" | "status" | "detail" | "hint">;

const view: View<CheckRow> = {
  columns: [{ key: "check" }, { key: "status", as: "state" }, { key: "detail", wrap: true }],
  empty: "Nothing was looked at.",
  below: ({ hint }) => (hint === null ? null : `try: ${hint}`),
};

/** One problem for all that failed: the lines above tell each, this one what to begin with. */
function verdict(all: readonly Finding[]): PactError | undefined {
  const problems = all.flatMap(({ check, failure, detail, hint }) => (failure === null ? [] : [{ check, problem: new PactError(failure, `${check}: ${detail}`, { hint: hint ?? undefined }) }]));
  const exit = exitOf(problems.map(({ problem }) => problem));
  const worst = problems.find(({ problem }) => FAILURES[problem.failure].exit === exit)?.problem;
  if (worst === undefined) return undefined;
  const names = [...new Set(problems.map(({ check }) => check))];
  return new PactError(worst.failure, `${problems.length} of ${all.length} checks failed: ${names.join(", ")}`, { reason: worst.message, hint: worst.about.hint });
}

export default defineCommand({
  summary: "Look for what is wrong, and say what to do",
  details: "Versions, terminal, configuration, folders, the embedded site, endpoint and TLS, login and token, role, journal, clock, and the agents of up to 50 nodes. Changes nothing. Exits 0 when nothing failed, else as the failure to begin with would.",
  effect: "local",
  role: "anyone",
  globals: ["output", "endpoint", "vcluster"],
  examples: [
    { line: "doctor", shows: "every check, and below what failed what to do" },
    { line: "doctor --output json", shows: "the same for a script" },
  ],
  async run(call) {
    const probe = await call.probe();
    try {
      const found = await examine(call, probe);
      const problem = verdict(found);
      const shown: CheckRow[] = found.map(({ check, status, detail, hint }) => ({ check, status, detail, hint }));
      return rows(view, problem === undefined ? shown : [...shown, problem]);
    } finally {
      await probe.close();
    }
  },
});
