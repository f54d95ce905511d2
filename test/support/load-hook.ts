// A module hook that writes the URL of every module resolved to descriptor 3.
import { writeSync } from "node:fs";
import type { ResolveHook } from "node:module";

export const resolve: ResolveHook = async (specifier, context, next) => {
  const result = await next(specifier, context);
  writeSync(3, `${result.url}\n`);
  return result;
};
