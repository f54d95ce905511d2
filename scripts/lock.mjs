// One at a time: a lock that the kernel frees when its holder ends, however that is.
import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";

const WAIT_S = 900;

/** flock(1) locks the open file it inherits; the lock stays with our descriptor when it has ended. */
const flock = (fd, ...options) => spawnSync("flock", ["-x", ...options, "3"], { stdio: ["ignore", "ignore", "ignore", fd] });

/**
 * Runs `work` while nobody else does who takes the same file. `waiting` is called once when it has to
 * wait. Where there is no flock (macOS), or the folder cannot be written, it runs without.
 */
export async function alone(file, waiting, work) {
  let fd;
  try {
    mkdirSync(dirname(file), { recursive: true });
    fd = openSync(file, "a", 0o600);
  } catch {
    return work();
  }
  try {
    const first = flock(fd, "-n");
    if (first.status === 1) {
      waiting();
      if (flock(fd, "-w", String(WAIT_S)).status === 1) throw new Error(`another preparation holds ${file} for ${WAIT_S} s: end it, then try again`);
    }
    return await work();
  } finally {
    closeSync(fd);
  }
}
