// Loads the OpenID provider's library without its remarks: it writes to the console
// while it is loaded, and a site must not.

/** URL.parse, which the library uses and Node.js 20.10 lacks. */
function provideUrlParse(): void {
  if (typeof Reflect.get(URL, "parse") === "function") return;
  const parse = (text: string, base?: string): URL | null => (URL.canParse(text, base) ? new URL(text, base) : null);
  Object.defineProperty(URL, "parse", { value: parse, configurable: true, writable: true });
}

/** The library; loaded once. */
export async function loadLibrary(): Promise<typeof import("oidc-provider")> {
  provideUrlParse();
  const terminal = globalThis.console;
  const { warn, info } = terminal;
  terminal.warn = terminal.info = () => undefined;
  try {
    return await import("oidc-provider");
  } finally {
    Object.assign(terminal, { warn, info });
  }
}
