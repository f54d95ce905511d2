// A help page as text: 80 columns, headings in capitals.
import type { HelpPage } from "../api/index.ts";
import type { Theme } from "./theme.ts";

const COLUMNS = 80;
const LEFT = 30;

/** Words wrapped into lines of at most `width`. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(" ")) {
      if (line !== "" && line.length + word.length + 1 > width) {
        lines.push(line);
        line = word;
      } else line = line === "" ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}

/** The lines of a page. */
export function helpLines(page: HelpPage, theme: Theme): string[] {
  const lines = [page.title, "", `${theme.strong("USAGE")}`, `  ${page.usage}`];
  for (const { heading, lines: content } of page.sections) {
    lines.push("", ...(heading === "" ? [] : [theme.strong(heading)]));
    const pairs = content.filter((line): line is readonly [string, string] => typeof line !== "string");
    const left = Math.min(LEFT, Math.max(0, ...pairs.map(([term]) => term.length)) + 2);
    for (const line of content) {
      if (typeof line === "string") {
        lines.push(...wrap(line, COLUMNS - 2).map((part) => (heading === "" ? part : `  ${part}`)));
        continue;
      }
      const [term, meaning] = line;
      const [first = "", ...more] = wrap(meaning, COLUMNS - left - 2);
      if (term.length + 2 > left) lines.push(`  ${term}`, ...[first, ...more].map((part) => `  ${" ".repeat(left)}${part}`));
      else lines.push(`  ${term.padEnd(left)}${first}`, ...more.map((part) => `  ${" ".repeat(left)}${part}`));
    }
  }
  return lines.map((line) => line.trimEnd());
}
