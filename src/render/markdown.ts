// Help pages as Markdown: the reference and the README's table of exit codes.
import { FAILURES, type HelpPage } from "../api/index.ts";

const code = (text: string): string => `\`${text.trim().replaceAll("|", "\\|")}\``;

function section({ heading, lines }: HelpPage["sections"][number]): string[] {
  const text = lines.filter((line): line is string => typeof line === "string");
  const pairs = lines.filter((line): line is readonly [string, string] => typeof line !== "string");
  const title = heading === "" ? [] : [`**${heading.charAt(0)}${heading.slice(1).toLowerCase()}**`, ""];
  const table = pairs.length === 0 ? [] : ["| | |", "|---|---|", ...pairs.map(([term, meaning]) => `| ${code(term)} | ${meaning.replaceAll("|", "\\|")} |`), ""];
  return [...title, ...text.flatMap((line) => [line, ""]), ...table];
}

function page({ title, usage, sections }: HelpPage): string[] {
  const [name = "", summary = ""] = title.split(" — ");
  const shown = sections.filter(({ heading }) => heading !== "SEE ALSO");
  return [`## ${name}`, "", `${summary}.`, "", "```", usage, "```", "", ...shown.flatMap(section)];
}

/** The whole reference. */
export function referencePage(pages: readonly HelpPage[], flags: HelpPage): string {
  const intro = ["# Commands", "", "Generated from the commands' own declarations by `node scripts/reference.mjs`.", ""];
  return `${[...intro, ...pages.flatMap(page), ...page(flags)].join("\n").trimEnd()}\n`;
}

/** Exit codes and what leads to them, from the table of failures. */
export function exitCodeTable(): string {
  const byCode = new Map<number, string[]>();
  for (const { exit, means } of Object.values(FAILURES)) byCode.set(exit, [...(byCode.get(exit) ?? []), means]);
  const rows = [...byCode].sort(([a], [b]) => a - b).map(([exit, meanings]) => `| ${exit} | ${meanings.join("; ")} |`);
  return ["| code | when |", "|---|---|", "| 0 | all that was asked happened |", ...rows].join("\n");
}
