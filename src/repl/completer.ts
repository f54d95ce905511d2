// Tab: what one press does to the line, from candidates that somebody else knows.
import { goesOn } from "../core/complete.ts";
import { type Edit, replace } from "./buffer.ts";
import { type Candidate, commonStart } from "./menu.ts";

export interface Completion {
  /** Offset in the line where the word to complete begins. */
  readonly start: number;
  readonly candidates: readonly Candidate[];
}

/** Candidates for the word at the cursor of one line; from memory only. */
export type Complete = (line: string, cursor: number) => Promise<Completion>;

export interface Completed {
  /** The line with what all candidates agree on. */
  readonly edit: Edit;
  /** Several are left; the next Tab shows them. */
  readonly open: readonly Candidate[];
}

/** Completes the row of a possibly pasted text that the cursor is on. Never throws. */
export async function completed(edit: Edit, complete: Complete): Promise<Completed> {
  const from = edit.text.lastIndexOf("\n", edit.cursor - 1) + 1;
  const to = edit.text.indexOf("\n", edit.cursor);
  const line = edit.text.slice(from, to < 0 ? undefined : to);
  const cursor = edit.cursor - from;
  let answer: Completion;
  try {
    answer = await complete(line, cursor);
  } catch {
    // Nothing that fails here may show in the line.
    return { edit, open: [] };
  }
  const start = Math.min(Math.max(0, answer.start), cursor);
  const [only, ...others] = answer.candidates;
  if (only === undefined) return { edit, open: [] };
  const typed = line.slice(start, cursor);
  if (others.length === 0) {
    const blank = goesOn(only.text) || line.charAt(cursor) === " " ? "" : " ";
    return { edit: replace(edit, from + start, from + cursor, only.text + blank), open: [] };
  }
  const common = commonStart(answer.candidates);
  const longer = common.length > typed.length && common.startsWith(typed);
  return { edit: longer ? replace(edit, from + start, from + cursor, common) : edit, open: answer.candidates };
}
