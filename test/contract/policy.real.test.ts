import { test } from "uvu";
import { policyOver } from "./policy.site.ts";

policyOver("real");

test.run();
