// `pact/testing`: what tests of commands need, for pact and for authors of plugins.
export * from "./fakes.ts";
export * from "./run.ts";
