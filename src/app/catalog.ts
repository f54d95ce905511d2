// What commands exist, for help and for whoever wants to write a better one.
import { readFileSync } from "node:fs";
import type { Catalog } from "../api/index.ts";
import { wordsFromArgv } from "../core/word.ts";
import { commandPage, exitCodesPage, flagsPage, overview } from "../core/help.ts";
import type { Registry } from "../core/registry.ts";
import { nearest } from "../core/suggest.ts";

/** The package this program is. */
export function thisPackage(): { readonly version: string; readonly engines: { readonly node: string } } {
  return JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
}

export function createCatalog(registry: Registry, interactive: boolean): Catalog {
  return {
    commands: () => registry.all().map(({ path, owner, entry }) =>
      ({ path, summary: entry.summary, effect: entry.effect, owner, group: entry.group, listed: true })),
    version: () => ({ version: thisPackage().version, node: process.versions.node }),
    suggest: (word) => nearest(word, registry.all().map(({ path }) => path)),
    async page(words) {
      if (words.length === 0) return overview(registry.all(), interactive);
      const topic = words.join(" ");
      if (topic === "flags") return flagsPage();
      if (topic === "exit-codes") return exitCodesPage();
      const found = registry.find(wordsFromArgv(words));
      if (found !== undefined && found.rest.length === 0) {
        const { default: command } = await found.command.entry.load();
        return commandPage(found.command, command);
      }
      const below = registry.below(topic);
      return below.length === 0 ? null : { ...overview(below, true), title: `${topic} — ${below.length} commands`, usage: `pact ${topic} COMMAND` };
    },
  };
}
