// lmdb alone: on each line with a number of ms, writers put and wait for the disk for so long; answers puts a second.
import { join } from "node:path";
import { createInterface } from "node:readline";
import { open } from "lmdb";

const [dir, writers] = process.argv.slice(2);
const database = open({ path: join(dir, "floor-lmdb"), encoding: "json" });
const entry = { entry_type: "ENTRY_TYPE_COMMIT", scope: { vcluster_id: "ml-training" }, policy_ref: "bench" };
let last = 0;
process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  let done = 0;
  const began = performance.now();
  await Promise.all(Array.from({ length: Number(writers) }, async () => {
    for (; performance.now() - began < Number(line); done += 1) {
      database.put(++last, { ...entry, sequence: last });
      await database.flushed;
    }
  }));
  process.stdout.write(`${done / ((performance.now() - began) / 1000)}\n`);
}
process.exit(0);
