// Opens a page in the operator's browser, where there is one. The page's address
// carries no secret; the program started gets none from the environment either.
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/** A function that starts the browser at an address and says whether it could. */
export function browserOf(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): (url: string) => boolean {
  return (url) => {
    const command = browserCommand(env, platform);
    const program = command?.[0];
    if (command === undefined || program === undefined || !isRunnable(program, env)) return false;
    const named = command.some((word) => word.includes("%s"));
    const words = named ? command.map((word) => word.replaceAll("%s", url)) : [...command, url];
    const child = spawn(program, words.slice(1), { detached: true, stdio: "ignore", env: withoutSecrets(env) });
    child.on("error", () => undefined);
    child.unref();
    return true;
  };
}

/** $BROWSER where it is set, else the desktop's own opener. */
function browserCommand(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): readonly string[] | undefined {
  const chosen = env["BROWSER"]?.split(":", 1)[0]?.trim();
  if (chosen) return chosen.split(/\s+/);
  if (platform === "darwin") return ["open"];
  return env["DISPLAY"] || env["WAYLAND_DISPLAY"] ? ["xdg-open"] : undefined;
}

function isRunnable(program: string, env: NodeJS.ProcessEnv): boolean {
  const places = isAbsolute(program) ? [program] : (env["PATH"] ?? "").split(delimiter).filter(isAbsolute).map((folder) => join(folder, program));
  return places.some((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^PACT_(.*_)?(TOKEN|SECRET)$/.test(name)));
}
