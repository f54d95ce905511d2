// Writes what is generated in the documentation: docs/commands.md and the marked
// blocks of README.md. With --check it only says what is stale.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "./build.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Every generated text by its path. */
export async function generated() {
  const { referencePage, exitCodeTable } = await import("../dist/src/render/markdown.js");
  const { Registry } = await import("../dist/src/core/registry.js");
  const { BUNDLED } = await import("../dist/src/app/bundled.js");
  const { commandPage, flagsPage } = await import("../dist/src/core/help.js");
  const registry = new Registry();
  for (const load of BUNDLED) registry.add((await load()).default);
  const pages = [];
  for (const command of registry.all()) pages.push(commandPage(command, (await command.entry.load()).default));
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const tour = readFileSync(join(root, "test/transcripts/tour.txt"), "utf8");
  return {
    "docs/commands.md": referencePage(pages, flagsPage()),
    "README.md": block(block(readme, "exit-codes", exitCodeTable()), "tour", tourText(tour)),
  };
}

/** The text between two markers, replaced. */
function block(text, name, content) {
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README.md has no block ${name}`);
  return `${text.slice(0, from + begin.length)}\n${content.trim()}\n${text.slice(to)}`;
}

/** The tour's transcript as a block of code: directives become what a person would do. */
function tourText(transcript) {
  const lines = transcript.trim().split("\n").slice(1).map((line) => {
    const planted = /^@node (\S+) (\S+) (.*)$/.exec(line);
    if (planted !== null) return `$ echo '${planted[3]}' ${planted[2].startsWith("/proc/") ? ">" : ">>"} ~/.local/share/pact/site/nodes/${planted[1]}/root${planted[2]}`;
    return line.replace(/^stderr\| ?/, "");
  });
  return `\`\`\`\n${lines.join("\n")}\n\`\`\``;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  build();
  for (const [path, text] of Object.entries(await generated())) {
    const stale = readFileSync(join(root, path), { encoding: "utf8", flag: "a+" }) !== text;
    if (stale && process.argv.includes("--check")) {
      process.stderr.write(`${path} is stale: node scripts/reference.mjs\n`);
      process.exitCode = 1;
    } else if (stale) writeFileSync(join(root, path), text);
  }
}
