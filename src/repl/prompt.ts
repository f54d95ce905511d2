// The prompt: where one is, what is special now, and how the last line went.
import { visible } from "../render/visible.ts";

export interface PromptState {
  readonly vcluster: string | undefined;
  readonly node: string | undefined;
  readonly lastExit: number;
  /** Role, window, emergency: whatever should be seen before typing. */
  readonly segments: readonly string[];
}

/** `pact> `, `pact VC> `, `pact VC/NODE SEGMENT> `, `[6] pact VC> `. Always plain text. */
export function promptText({ vcluster, node, lastExit, segments }: PromptState): string {
  const place = `${vcluster ?? ""}${node === undefined ? "" : `/${node}`}`;
  const words = ["pact", place, ...segments].filter((word) => word !== "").map(visible);
  return `${lastExit === 0 ? "" : `[${lastExit}] `}${words.join(" ")}> `;
}
