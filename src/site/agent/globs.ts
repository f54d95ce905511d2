// The patterns that say which files are watched and which give no drift (D1).

/** `/x/**`: all below; `/x/*`: one more name; else exactly that path. */
export function matches(pattern: string, path: string): boolean {
  if (pattern.endsWith("/**")) return path.startsWith(pattern.slice(0, -2));
  if (pattern.endsWith("/*")) {
    const folder = pattern.slice(0, -1);
    return path.startsWith(folder) && path.length > folder.length && !path.slice(folder.length).includes("/");
  }
  return path === pattern;
}

/** Where a walk for a pattern begins. */
export function startOf(pattern: string): string {
  return pattern.replace(/\/\*{1,2}$/, "") || "/";
}

export const DEFAULT_BLACKLIST: readonly string[] = ["/tmp/**", "/var/log/**", "/proc/**", "/sys/**", "/dev/**", "/run/user/**"];
