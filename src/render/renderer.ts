// Drains a result into a place, as text or in a machine format. The problems it
// met come back; they decide the exit status.
import { type Result, type View, PactError } from "../api/index.ts";
import { renderFailure } from "./failure.ts";
import { helpLines } from "./help.ts";
import { csv, names, pick, snake, yaml } from "./machine.ts";
import { remoteJson, remoteText } from "./remote.ts";
import { recordLines, table } from "./table.ts";
import type { RenderSettings, Rendered } from "./settings.ts";
import { harmless, visible, visibleLines } from "./visible.ts";

function checkFields(view: View<any>, sample: object | undefined, fields: readonly string[] | undefined): void {
  if (fields === undefined || (sample === undefined && fields.length > 0)) return;
  const known = [...new Set([...Object.keys(sample ?? {}), ...view.columns.map(({ key }) => key)].map(snake))];
  const wrong = fields.filter((field) => !known.includes(field));
  if (fields.length > 0 && wrong.length === 0) return;
  const what = fields.length === 0 ? "--fields needs names" : `no field called ${wrong.map((name) => JSON.stringify(name)).join(", ")}`;
  throw new PactError("usage", what, { hint: `--fields ${known.join(",")}` });
}

/** The view with only the chosen columns, in the chosen order. */
function narrowed(view: View<any>, fields: readonly string[] | undefined): View<any> {
  if (fields === undefined) return view;
  const { line: _, ...rest } = view;
  return {
    ...rest,
    columns: fields.map((field) => view.columns.find(({ key }) => snake(key) === field) ?? { key: camel(field) }),
  };
}
const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

async function renderLive(view: View<any>, sequence: AsyncIterable<object> | Iterable<object>, settings: RenderSettings): Promise<Rendered> {
  const problems: PactError[] = [];
  let answered = 0;
  let shown = view;
  for await (const row of sequence) {
    if (row instanceof PactError) {
      problems.push(row);
      await renderFailure(row, settings);
      continue;
    }
    if (answered === 0) {
      checkFields(view, row, settings.fields);
      shown = narrowed(view, settings.fields);
    }
    answered++;
    if (settings.format === "text" || settings.format === "wide") {
      const text = shown.line !== undefined ? visible(shown.line(row)) : shown.columns.map((column) => table({ ...shown, columns: [column] }, [row], tableSettings(settings, undefined))[1] ?? "").join("  ");
      await settings.out.write(`${text}\n`);
    } else if (settings.format === "name") await settings.out.write(names(shown, [row], settings.now()));
    else if (settings.format === "yaml") await settings.out.write(`---\n${await yaml(pick(row, settings.fields))}`);
    else if (settings.format === "csv") await settings.out.write(answered === 1 ? csv([pick(row, settings.fields)]) : csv([pick(row, settings.fields)]).replace(/^.*\n/, ""));
    else await settings.out.write(`${JSON.stringify(pick(row, settings.fields))}\n`);
  }
  return { answered, problems };
}

const tableSettings = (settings: RenderSettings, width: number | undefined) =>
  ({ width, now: settings.now(), theme: settings.theme, wide: settings.format === "wide" });

async function renderRows(view: View<any>, sequence: AsyncIterable<object> | Iterable<object>, settings: RenderSettings): Promise<Rendered> {
  const problems: PactError[] = [];
  const all: object[] = [];
  for await (const row of sequence) {
    if (row instanceof PactError) problems.push(row);
    else all.push(row);
  }
  checkFields(view, all[0], settings.fields);
  const shown = narrowed(view, settings.fields);
  const { out, err, format } = settings;
  if (format === "text" || format === "wide") {
    if (all.length === 0 && problems.length === 0 && !settings.quiet) await err.write(`${view.empty}\n`);
    else if (shown.line !== undefined) {
      for (const row of all) await out.write(`${visible(shown.line(row))}\n`);
    } else if (all.length > 0) await out.write(`${table(shown, all, tableSettings(settings, out.width)).join("\n")}\n`);
  } else if (format === "name") await out.write(names(shown, all, settings.now()));
  else await writeMany(all.map((row) => pick(row, settings.fields)), settings);
  for (const problem of problems) await renderFailure(problem, settings);
  return { answered: all.length, problems };
}

async function writeMany(values: readonly object[], { format, out }: RenderSettings): Promise<void> {
  if (format === "csv") await out.write(csv(values));
  else if (format === "yaml") await out.write(await yaml(values));
  else if (format === "ndjson") for (const value of values) await out.write(`${JSON.stringify(value)}\n`);
  else await out.write(values.length === 0 ? "[]\n" : `[\n${values.map((value) => `  ${JSON.stringify(value)}`).join(",\n")}\n]\n`);
}

async function writeOne(value: object, settings: RenderSettings): Promise<void> {
  const picked = pick(value, settings.fields);
  if (settings.format === "csv") await settings.out.write(csv([picked]));
  else if (settings.format === "yaml") await settings.out.write(await yaml(picked));
  else await settings.out.write(`${JSON.stringify(picked, null, settings.format === "ndjson" ? undefined : 2)}\n`);
}

/** Machine formats carry remote text as it is; a terminal gets nothing of it that could steer. */
function forTerminal(settings: RenderSettings): RenderSettings {
  const { out } = settings;
  if (out.width === undefined) return settings;
  return { ...settings, out: { ...out, write: (data) => out.write(typeof data === "string" ? harmless(data) : data) } };
}

/** Writes a result and answers what went wrong on the way. ClosedSink passes through. */
export async function render(result: Result, given: RenderSettings): Promise<Rendered> {
  const text = given.format === "text" || given.format === "wide" || given.format === "name";
  const settings = text ? given : forTerminal(given);
  switch (result.kind) {
    case "done":
      if (!text) await writeOne({ message: result.message, ...result.data }, settings);
      else if (result.message !== "") await settings.out.write(`${visibleLines(result.message)}\n`);
      return { answered: 1, problems: [] };
    case "record":
      checkFields(result.view, result.value, settings.fields);
      if (settings.format === "name") await settings.out.write(names(result.view, [result.value], settings.now()));
      else if (text && result.view.line !== undefined && settings.fields === undefined) await settings.out.write(`${visible(result.view.line(result.value))}\n`);
      else if (text) await settings.out.write(`${recordLines(narrowed(result.view, settings.fields), result.value, tableSettings(settings, settings.out.width)).join("\n")}\n`);
      else await writeOne(result.value, settings);
      return { answered: 1, problems: [] };
    case "rows":
      return result.live ? await renderLive(result.view, result.rows, settings) : await renderRows(result.view, result.rows, settings);
    case "output":
      return text ? await remoteText(result.chunks, settings) : await remoteJson(result.chunks, settings);
    case "page":
      if (text) await settings.out.write(`${helpLines(result.page, settings.theme).join("\n")}\n`);
      else await writeOne(result.page, settings);
      return { answered: 1, problems: [] };
    case "document":
      if (text) await settings.out.write(result.text.endsWith("\n") ? result.text : `${result.text}\n`);
      else await writeOne({ mediaType: result.mediaType, text: result.text }, settings);
      return { answered: 1, problems: [] };
  }
}
