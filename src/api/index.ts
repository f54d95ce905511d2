// `pact/api`: the language that commands and plugins speak.
export * from "./command.ts";
export * from "./domain.ts";
export * from "./errors.ts";
export * from "./fanout.ts";
export * from "./params.ts";
export * from "./plugin.ts";
export * from "./probe.ts";
export * from "./result.ts";
export * from "./services.ts";
export * from "./settings.ts";
export * as values from "./values.ts";
