// A node in memory: files as they are and as they are declared. Where the two differ it drifts.
import { createHash } from "node:crypto";
import type { DeltaItem, DriftSummary, NewEntry, NodeOverview } from "../api/index.ts";
import type { FakeNodeOptions } from "./fakes.ts";

const hash = (content: string): string => createHash("sha256").update(content).digest("hex");

type Files = ReadonlyMap<string, string>;

export class FakeNode {
  readonly name: string;
  readonly vcluster: string | null;
  readonly observeOnly: boolean;
  /** false: the agent cannot be reached. */
  reachable = true;
  /** What remains of its commit window, in s; null when none is open. */
  windowS: number | null = null;
  emergency: NodeOverview["emergency"] = null;
  #declared: Files;
  #files: Map<string, string>;
  readonly #history = new Map<number, Files>();
  readonly #onDrift: (items: readonly DeltaItem[]) => void;

  constructor(options: FakeNodeOptions, onDrift: (items: readonly DeltaItem[]) => void) {
    this.name = options.name;
    this.vcluster = options.vcluster ?? null;
    this.observeOnly = options.observeOnly ?? false;
    this.#files = new Map(Object.entries({ "/etc/hostname": `${options.name}\n`, ...options.files }));
    this.#declared = new Map(this.#files);
    this.#onDrift = onDrift;
  }

  read(path: string): string | undefined {
    return this.#files.get(path);
  }

  /** Changes a file on the node; null removes it. The journal hears of the drift. */
  write(path: string, content: string | null): void {
    const before = JSON.stringify(this.drift());
    if (content === null) this.#files.delete(path);
    else this.#files.set(path, content);
    const drift = this.drift();
    if (drift.length > 0 && JSON.stringify(drift) !== before) this.#onDrift(drift);
  }

  drift(): DeltaItem[] {
    const paths = [...new Set([...this.#declared.keys(), ...this.#files.keys()])].sort();
    return paths.flatMap((key): DeltaItem[] => {
      const declared = this.#declared.get(key);
      const actual = this.#files.get(key);
      if (declared === actual) return [];
      const action = declared === undefined ? "add" : actual === undefined ? "remove" : "modify";
      return [{ dimension: "files", key, action, declared: declared === undefined ? null : hash(declared), actual: actual === undefined ? null : hash(actual) }];
    });
  }

  /** Files weigh 1, so the magnitude is their number (D4). */
  summary(): DriftSummary {
    const count = this.drift().length;
    return { count, magnitude: count };
  }

  configState(): string {
    if (this.observeOnly) return "observe_only";
    if (this.emergency !== null) return "emergency";
    return this.drift().length > 0 ? "drifted" : "committed";
  }

  /** Keeps what was declared after an entry, for a rollback to it. */
  remember(seq: number): void {
    this.#history.set(seq, this.#declared);
  }

  /** An entry of this node's scope: a commit declares what is there, a rollback brings back what was declared. */
  applied(type: NewEntry["type"], delta: readonly DeltaItem[], parent: number | undefined): void {
    if (type === "COMMIT") {
      const declared = new Map(this.#declared);
      for (const { dimension, key } of delta) {
        if (dimension !== "files") continue;
        const content = this.#files.get(key);
        if (content === undefined) declared.delete(key);
        else declared.set(key, content);
      }
      this.#declared = declared;
    } else if (type === "ROLLBACK" && parent !== undefined) {
      this.#declared = this.#history.get(parent) ?? this.#declared;
      this.#files = new Map(this.#declared);
    }
  }
}
