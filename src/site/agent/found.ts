// What a look found of one kind of thing, such as mounts: also that it is not known, or cannot be understood.

export interface Found<T> {
  /** By name; undefined when it is not known. */
  readonly items: ReadonlyMap<string, T> | undefined;
  /** Why what the node says of it cannot be understood. */
  readonly trouble: string | undefined;
}

export const NOT_KNOWN: Found<never> = { items: undefined, trouble: undefined };
