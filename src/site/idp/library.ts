// Loads the OpenID provider's library without its remarks: it writes to the console
// while it is loaded, and a site must not.

/** The library; loaded once. */
export async function loadLibrary(): Promise<typeof import("oidc-provider")> {
  const terminal = globalThis.console;
  const { warn, info } = terminal;
  terminal.warn = terminal.info = () => undefined;
  try {
    return await import("oidc-provider");
  } finally {
    Object.assign(terminal, { warn, info });
  }
}
