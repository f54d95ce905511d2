// services.toml: what is understood, in which order services are started, and what is refused.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { definitionsOf } from "../../../src/site/agent/service-file.ts";

test("a definition has its defaults", () => {
  assert.equal([...definitionsOf('[services.chronyd]\nbinary = "/usr/sbin/chronyd"\n').values()], [{
    name: "chronyd", binary: "/usr/sbin/chronyd", args: [], restart: "always", restartDelayS: 0.2, order: 0, dependsOn: [], state: "running",
  }]);
  assert.is(definitionsOf("").size, 0);
});

test("services start after what they depend on, then by order, then by name", () => {
  const order = definitionsOf(`
    [services.z]
    binary = "z"
    [services.a]
    binary = "a"
    order = 5
    [services.b]
    binary = "b"
    order = -1
    depends_on = ["a", "y"]
    [services.y]
    binary = "y"
    order = 9`);
  assert.equal([...order.keys()], ["z", "a", "y", "b"]);
});

for (const [what, text, says] of [
  ["no binary", "[services.x]\n", /x: binary is missing/],
  ["an empty binary", '[services.x]\nbinary = ""', /binary/],
  ["a NUL", '[services.x]\nbinary = "a\\u0000b"', /binary/],
  ["a name that leads elsewhere", '[services."../x"]\nbinary = "x"', /is not the name of a service/],
  ["a name with two dots", '[services."a..b"]\nbinary = "x"', /is not the name of a service/],
  ["an unknown key", '[services.x]\nbinary = "x"\nuser = "root"', /"user" is not known/],
  ["an unknown table", "[service.x]\n", /"service" is not known/],
  ["another restart", '[services.x]\nbinary = "x"\nrestart = "sometimes"', /restart is one of/],
  ["no delay at all", '[services.x]\nbinary = "x"\nrestart_delay_seconds = 0', /0\.1 to 3600/],
  ["a delay that is no number", '[services.x]\nbinary = "x"\nrestart_delay_seconds = nan', /0\.1 to 3600/],
  ["words that are none", '[services.x]\nbinary = "x"\nargs = [1]', /args/],
  ["a state that is none", '[services.x]\nbinary = "x"\nstate = "failed"', /state/],
  ["an unknown dependency", '[services.x]\nbinary = "x"\ndepends_on = ["y"]', /depends on "y", which is no service/],
  ["a circle", '[services.x]\nbinary = "x"\ndepends_on = ["y"]\n[services.y]\nbinary = "y"\ndepends_on = ["x"]', /depend on each other: x, y/],
  ["itself as what it needs", '[services.x]\nbinary = "x"\ndepends_on = ["x"]', /depend on each other: x/],
  ["too many", Array.from({ length: 65 }, (_, n) => `[services.s${n}]\nbinary = "x"`).join("\n"), /more than 64/],
] as const) {
  test(`${what}: refused with a reason`, () => {
    assert.throws(() => definitionsOf(text), (error: Error) => says.test(error.message));
  });
}

test.run();
