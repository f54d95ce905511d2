// Why a site cannot start, stop or answer, in words for the person who asked.

/** What stands in the way, and what to do about it. Shown as it is; holds no secrets. */
export class SiteProblem extends Error {
  readonly hint: string | undefined;
  readonly kind: "usage" | "notFound" | "precondition" | "local" | "remote" | "connection";

  constructor(kind: SiteProblem["kind"], message: string, hint?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "SiteProblem";
    this.kind = kind;
    this.hint = hint;
  }
}

/** The code of a system error (`ENOENT`), where it is one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
