// The declaring words of pact/api under short names, for tests of what reads them.
import { values } from "../../src/api/index.ts";
export { PactError, defaulted, flag, on, optional, required, requiredFlag, rest, values } from "../../src/api/index.ts";
export const { count } = values;
