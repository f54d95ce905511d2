// Where the commands of a node run: the machine itself, a kept namespace, or (without
// namespaces) a plain child that may not name any path.
import { openNamespace, type Entry, type Namespace } from "./namespace.ts";

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

export interface Place {
  /** Its root folder as a path of this machine. */
  readonly root: string;
  /** Prefix under which its files are seen from here; "" for the machine. */
  view(): string;
  /** Whether arguments may hold a `/`, and a shell may be opened. */
  readonly walled: boolean;
  /** Whether commands see the machine itself. */
  readonly host: boolean;
  /** How to run a program there; the way counts in a namespace only. */
  launch(program: string, args: readonly string[], way?: Entry): Promise<Launch>;
  close(): Promise<void>;
}

export function hostPlace(): Place {
  return {
    root: "/",
    view: () => "",
    walled: true,
    host: true,
    launch: async (program, args) => ({ file: program, args, cwd: "/" }),
    close: async () => {},
  };
}

/** A node without namespaces: for load tests, and on machines that allow none. */
export function barePlace(root: string): Place {
  return {
    root,
    view: () => root,
    walled: false,
    host: false,
    launch: async (program, args) => ({ file: program, args, cwd: "/" }),
    close: async () => {},
  };
}

/** The namespace is made now, and made anew when its holder was ended by somebody. */
export async function namespacePlace(root: string, hostname: string): Promise<Place> {
  let current: Namespace = await openNamespace(root, hostname);
  let again: Promise<Namespace> | undefined;
  let closed = false;
  const ready = async (): Promise<Namespace> => {
    if (closed) throw new Error("the node is closed");
    if (current.alive) return current;
    again ??= openNamespace(root, hostname).finally(() => (again = undefined));
    current = await again;
    return current;
  };
  return {
    root,
    view: () => (current.alive ? current.view : root),
    walled: true,
    host: false,
    async launch(program, args, way) {
      const namespace = await ready();
      return { ...namespace.enter(program, args, way), cwd: "/" };
    },
    async close() {
      closed = true;
      await again?.catch(() => {});
      await current.close();
    },
  };
}
