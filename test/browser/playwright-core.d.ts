// The part of playwright-core that tests of the browser use. Its own types are larger than all of
// pact, and every build would read them.
declare module "playwright-core" {
  export interface Locator {
    fill(text: string): Promise<void>;
    click(): Promise<void>;
    press(key: string): Promise<void>;
    textContent(): Promise<string | null>;
    inputValue(): Promise<string>;
    waitFor(): Promise<void>;
  }
  export interface Answer {
    status(): number;
  }
  export interface Page {
    goto(url: string): Promise<Answer | null>;
    goBack(): Promise<Answer | null>;
    reload(): Promise<Answer | null>;
    url(): string;
    getByLabel(label: string): Locator;
    getByRole(role: "button" | "heading" | "alert" | "main", options?: { readonly name?: string }): Locator;
    waitForEvent(event: "requestfailed"): Promise<{ url(): string }>;
    on(event: "console", listener: (message: { type(): string; text(): string }) => void): void;
  }
  export interface Context {
    newPage(): Promise<Page>;
    setDefaultTimeout(ms: number): void;
    close(): Promise<void>;
  }
  export interface Chromium {
    newContext(): Promise<Context>;
    close(): Promise<void>;
  }
  export const chromium: {
    launch(options: { readonly executablePath: string; readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> }): Promise<Chromium>;
  };
}
