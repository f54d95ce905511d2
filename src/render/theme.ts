// Colours by what they mean. Colour never carries meaning alone, and is the
// identity when it is off. The level is decided once, at the edge.

export interface Theme {
  readonly good: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly strong: (text: string) => string;
}

const same = (text: string): string => text;
export const PLAIN: Theme = { good: same, warn: same, bad: same, dim: same, strong: same };

let colored: Theme | undefined;

/** The theme for a place that shows colour or does not; chalk is loaded for the first that does. */
export async function loadTheme(color: boolean): Promise<Theme> {
  if (!color) return PLAIN;
  if (colored === undefined) {
    const { Chalk } = await import("chalk");
    const chalk = new Chalk({ level: 1 });
    colored = { good: chalk.green, warn: chalk.yellow, bad: chalk.red, dim: chalk.dim, strong: chalk.bold };
  }
  return colored;
}
