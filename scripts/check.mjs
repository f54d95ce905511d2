// `npm test`: makes the checkout ready as `npm start` does, then runs the suite.
import { prepare, tell } from "./prepare.mjs";

try {
  await prepare();
  await import("./test.mjs");
} catch (error) {
  tell(error);
}
