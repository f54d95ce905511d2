// What is taken out of a line before it is kept.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { maskSecrets } from "../../src/repl/mask.ts";

const JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJl";

test("values of secret flags are masked, quoted or not", () => {
  assert.is(maskSecrets("status --token abc -q"), "status --token *** -q");
  assert.is(maskSecrets("status --token=abc -q"), "status --token=*** -q");
  assert.is(maskSecrets(`status --token "a b" -q`), "status --token *** -q");
  assert.is(maskSecrets(`status --token='a b'c -q`), "status --token=*** -q");
  assert.is(maskSecrets("login --client-secret s3 --password p"), "login --client-secret *** --password ***");
  assert.is(maskSecrets("status --token abc; log --token def"), "status --token ***; log --token ***");
});

test("stdin and files are no secrets", () => {
  assert.is(maskSecrets("status --token - --token @/run/token"), "status --token - --token @/run/token");
  assert.is(maskSecrets("status --token"), "status --token");
});

test("assignments and settings with secret names are masked", () => {
  assert.is(maskSecrets("!PACT_TOKEN=abc curl x"), "!PACT_TOKEN=abc curl x".replace("abc", "***"));
  assert.is(maskSecrets("!export DB_PASSWORD='x y'"), "!export DB_PASSWORD=***");
  assert.is(maskSecrets("set token abc"), "set token ***");
});

test("credentials in headers, URLs and JWTs are masked", () => {
  assert.is(maskSecrets("!curl -H 'Authorization: Bearer abc.def' x"), "!curl -H 'Authorization: Bearer ***' x");
  assert.is(maskSecrets("!curl -H 'authorization: abc'"), "!curl -H 'authorization: ***'");
  assert.is(maskSecrets("!curl -H 'Authorization: Basic YWRtaW46'"), "!curl -H 'Authorization: Basic ***'");
  assert.is(maskSecrets("!git clone https://me:hunter2@example.org/x"), "!git clone https://me:***@example.org/x");
  assert.is(maskSecrets(`exec n1 -- echo ${JWT}`), "exec n1 -- echo ***");
});

test("ordinary lines stay as they are", () => {
  for (const line of ["commit -m 'basic auth for the token service'", "log -n 5 | grep bearing", "use ml-training/node-001", "set output json", "status https://h:9443/x@y"]) {
    assert.is(maskSecrets(line), line);
  }
});

test("half a line is masked too", () => {
  assert.is(maskSecrets(`status --token "abc`), "status --token ***");
});

test.run();
