// What a start opened, closed last first: also when the start itself fails half way.

export interface Closers {
  /** What to do at the end; `name` is for the report. */
  add(name: string, close: () => void | Promise<void>): void;
  /** Runs once, however often it is asked; never throws. Answers what went wrong, a line each. */
  close(): Promise<readonly string[]>;
}

async function within(ms: number, run: () => void | Promise<void>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`did not close within ${ms / 1000} s`), ms);
  });
  try {
    return await Promise.race([(async () => void (await run()))(), late]) ?? undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}

/** `deadlineMs` is for each of them: one that hangs must not keep the others open. */
export function openClosers(deadlineMs = 5_000): Closers {
  const all: { readonly name: string; readonly close: () => void | Promise<void> }[] = [];
  let closed: Promise<readonly string[]> | undefined;
  const closeAll = async (): Promise<readonly string[]> => {
    const troubles: string[] = [];
    for (const one of all.reverse()) {
      const trouble = await within(deadlineMs, one.close);
      if (trouble !== undefined) troubles.push(`${one.name}: ${trouble}`);
    }
    return troubles;
  };
  return {
    add: (name, close) => void all.push({ name, close }),
    close: () => (closed ??= closeAll()),
  };
}
