// Settings and where they came from.

export type Origin = "flag" | "session" | "env" | "file" | "system file" | "site" | "login" | "host" | "default";

/** A setting and the place it came from, so that help and errors can say why. */
export interface Setting<T> {
  readonly value: T;
  readonly from: Origin;
  /** The variable, file and line, or flag, for people. */
  readonly where: string;
}

export const FORMATS = ["text", "json", "ndjson", "yaml", "csv", "name", "wide"] as const;
export type Format = (typeof FORMATS)[number];
