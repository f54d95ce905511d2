// A browser for tests: follows redirects by hand, keeps cookies by path, submits forms.

export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

interface Cookie {
  readonly value: string;
  readonly path: string;
}

export class Browser {
  readonly #cookies = new Map<string, Cookie>();

  /** GETs an address and follows redirects; stops before an address that `stop` names. */
  async open(url: string | URL, stop: (url: URL) => boolean = () => false): Promise<Page> {
    return await this.#request(new URL(url), {}, stop);
  }

  /** Posts a page's form with these fields added to its hidden ones. */
  async submit(page: Page, fields: Readonly<Record<string, string>>, stop: (url: URL) => boolean = () => false): Promise<Page> {
    const action = /<form[^>]*\saction="([^"]*)"/.exec(page.text)?.[1];
    const form = new URLSearchParams();
    for (const [, name, value] of page.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)) form.set(name ?? "", value ?? "");
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    return await this.#request(action === undefined ? page.url : new URL(action, page.url), { method: "POST", body: form }, stop);
  }

  async #request(url: URL, init: RequestInit, stop: (url: URL) => boolean): Promise<Page> {
    for (let hops = 0; hops < 10; hops += 1) {
      if (stop(url)) return { url, status: 0, headers: new Headers(), text: "" };
      const response = await fetch(url, { ...init, redirect: "manual", headers: { cookie: this.#cookiesFor(url), connection: "close" } });
      this.#keep(response);
      const next = response.headers.get("location");
      const text = await response.text();
      if (next === null) return { url, status: response.status, headers: response.headers, text };
      url = new URL(next, url);
      init = {};
    }
    throw new Error(`too many redirects, the last to ${url.pathname}`);
  }

  #cookiesFor(url: URL): string {
    return [...this.#cookies]
      .filter(([, cookie]) => url.pathname.startsWith(cookie.path))
      .map(([key, cookie]) => `${key.split(" ")[0]}=${cookie.value}`)
      .join("; ");
  }

  #keep(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split(/;\s*/);
      const at = pair.indexOf("=");
      const path = attributes.find((attribute) => attribute.toLowerCase().startsWith("path="))?.slice(5) ?? "/";
      const key = `${pair.slice(0, at)} ${path}`;
      if (pair.length === at + 1 || attributes.some((attribute) => attribute.toLowerCase() === "max-age=0")) this.#cookies.delete(key);
      else this.#cookies.set(key, { value: pair.slice(at + 1), path });
    }
  }
}
