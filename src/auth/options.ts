// What an identity is made from, and the token sources that follow from it.
import type { Setting } from "../api/index.ts";
import type { LoginCache } from "./cache.ts";
import type { AuthSettings } from "./discovery.ts";
import type { Tls } from "./fetching.ts";
import { canRenew, renew } from "./grant.ts";
import { askSiteForToken } from "./site-token.ts";
import type { SourceOptions } from "./sources.ts";

export interface IdentityOptions {
  /** The journal's URL. */
  readonly server: string;
  /** Nobody named that URL: it is the first login's, or the default. */
  readonly serverIsDefault?: boolean;
  /** ~/.config/pact, or what XDG says. */
  readonly configDir: string;
  /** From --token or PACT_TOKEN. */
  readonly token: Setting<string> | undefined;
  /** token_path, where cli.toml sets it. */
  readonly tokenPath: Setting<string> | undefined;
  /** The running site of this user whose journal is `server`. */
  readonly site: { readonly dir: string; readonly discoveryUrl?: string } | undefined;
  readonly auth: AuthSettings;
  readonly env: NodeJS.ProcessEnv;
  readonly now: () => Date;
  /** Bounds each request to the provider. */
  readonly timeoutMs: number;
  /** The certificates of [tls], for providers and discovery behind https. */
  readonly tls?: Tls | undefined;
  /** To stderr; each line comes once. */
  readonly note: (line: string) => void;
  /** Opens a page; false when it could not. By default the desktop's browser, or $BROWSER. */
  readonly openBrowser?: (url: string) => boolean;
  /** Absent when nobody can be asked. */
  readonly ask?: (question: string, secret: boolean) => Promise<string>;
  /** How long a person may take in the browser, in ms; 5 min by default. */
  readonly callbackLimitMs?: number;
}

const NEVER = new AbortController().signal;

/** The sources of one server, whose URL is normalised. */
export function sourcesOf(options: IdentityOptions, server: string, cache: LoginCache): SourceOptions {
  const { configDir, token, tokenPath, site, env, now, timeoutMs, tls } = options;
  const said = new Set<string>();
  return {
    server,
    configDir,
    token,
    tokenPath,
    cache,
    now,
    note(line) {
      if (said.has(line)) return;
      said.add(line);
      options.note(line);
    },
    mint: async () => (site === undefined ? undefined : await askSiteForToken(site.dir, timeoutMs)),
    // Shared by all callers: none of them may cut it short for the others.
    renew: (login) => renew({ cache, env, now, limits: { timeoutMs, signal: NEVER, tls } }, login),
    canRenew: (login) => canRenew(login, env),
  };
}
