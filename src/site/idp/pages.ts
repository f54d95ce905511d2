// The provider's few pages: plain HTML, no script, labels for every field, and
// usable with a keyboard, a text browser or a screen reader.

/** Sent with every answer. A page may only post back here and be led on to a loopback callback. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; form-action 'self' http://127.0.0.1:* http://localhost:*; frame-ancestors 'none'; base-uri 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

const STYLE = `body{font:1rem/1.5 system-ui,sans-serif;max-width:24rem;margin:10vh auto;padding:0 1rem;color:#111;background:#fff}
label{display:block;margin-top:1rem}input{font:inherit;width:100%;padding:.5rem;box-sizing:border-box;border:1px solid #555}
button{font:inherit;margin:1.25rem 1rem 0 0;padding:.5rem 1.25rem}[role=alert]{color:#a00000;font-weight:600}code{font-size:1.5rem}
@media (prefers-color-scheme:dark){body{color:#eee;background:#111}input{color:#eee;background:#222}[role=alert]{color:#ff9a9a}}`;

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

function page(title: string, body: string): string {
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>
${body}
</main></body></html>
`;
}

const alert = (text: string | undefined): string => (text === undefined ? "" : `<p role="alert">${escapeHtml(text)}</p>`);

/** The login form; posts `username` and `password`, or `abort`, to its own address. Enter logs in: that button comes first. */
export function loginPage(about: { readonly user?: string | undefined; readonly problem?: string | undefined }): string {
  const user = about.user ?? "";
  const focus = (wanted: boolean): string => (wanted ? " autofocus" : "");
  return page(
    "Log in to pact",
    `${alert(about.problem)}<form method="post">
<label for="username">User name</label>
<input id="username" name="username" value="${escapeHtml(user)}" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="64" required${focus(user === "")}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024" required${focus(user !== "")}>
<button type="submit">Log in</button><button type="submit" name="abort" value="yes" formnovalidate>Cancel</button>
</form>`,
  );
}

/** Asks for the code that `pact login --device-code` shows. */
export function codePage(action: string, xsrf: string, problem: string | undefined): string {
  return page(
    "Log in another device",
    `${alert(problem)}<form method="post" action="${escapeHtml(action)}">
<input type="hidden" name="xsrf" value="${escapeHtml(xsrf)}">
<label for="user_code">Code that pact shows</label>
<input id="user_code" name="user_code" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="32" required autofocus>
<button type="submit">Continue</button>
</form>`,
  );
}

/** Shows the code again, so that nobody is led to log in somebody else's device. */
export function confirmPage(action: string, xsrf: string, code: string): string {
  return page(
    "Is this your code?",
    `<p>Go on only if your own terminal shows this code:</p><p><code>${escapeHtml(code)}</code></p>
<form method="post" action="${escapeHtml(action)}">
<input type="hidden" name="xsrf" value="${escapeHtml(xsrf)}"><input type="hidden" name="user_code" value="${escapeHtml(code)}">
<button type="submit" name="confirm" value="yes">Yes, continue</button><button type="submit" name="abort" value="yes">No, cancel</button>
</form>`,
  );
}

export function messagePage(title: string, text: string): string {
  return page(title, `<p>${escapeHtml(text)}</p>`);
}
