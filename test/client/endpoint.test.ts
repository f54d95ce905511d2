import { test } from "uvu";
import * as assert from "uvu/assert";
import { PactError } from "../../src/api/index.ts";
import { parseEndpoint } from "../../src/client/endpoint.ts";

const GOOD: readonly (readonly [text: string, url: string, target: string, loopback: boolean])[] = [
  ["http://localhost:9443", "http://localhost:9443", "dns:localhost:9443", true],
  ["localhost:9000", "http://localhost:9000", "dns:localhost:9000", true],
  ["localhost", "http://localhost:9443", "dns:localhost:9443", true],
  ["http://j.example.com", "http://j.example.com:9443", "dns:j.example.com:9443", false],
  ["HTTPS://J.Example.COM/", "https://j.example.com:9443", "dns:j.example.com:9443", false],
  ["https://j:443", "https://j:443", "dns:j:443", false],
  ["http://j:80", "http://j:80", "dns:j:80", false],
  ["http://127.0.0.1:1", "http://127.0.0.1:1", "ipv4:127.0.0.1:1", true],
  ["http://127.1:1", "http://127.0.0.1:1", "ipv4:127.0.0.1:1", true],
  ["http://0x7f000001:1", "http://127.0.0.1:1", "ipv4:127.0.0.1:1", true],
  ["http://127.77.0.3:9445", "http://127.77.0.3:9445", "ipv4:127.77.0.3:9445", true],
  ["http://0.0.0.0:1", "http://0.0.0.0:1", "ipv4:0.0.0.0:1", true],
  ["http://10.0.0.7:9445", "http://10.0.0.7:9445", "ipv4:10.0.0.7:9445", false],
  ["http://[::1]:9443", "http://[::1]:9443", "ipv6:[::1]:9443", true],
  ["[::1]", "http://[::1]:9443", "ipv6:[::1]:9443", true],
  ["https://[2001:DB8::7]:9443", "https://[2001:db8::7]:9443", "ipv6:[2001:db8::7]:9443", false],
  ["http://[::ffff:127.0.0.1]:1", "http://[::ffff:7f00:1]:1", "ipv6:[::ffff:7f00:1]:1", true],
];
for (const [text, url, target, loopback] of GOOD) {
  test(`${text} leads to ${target}`, () => {
    const endpoint = parseEndpoint(text, "journal", "--endpoint");
    assert.equal([endpoint.url, endpoint.target, endpoint.loopback, endpoint.tls], [url, target, loopback, url.startsWith("https")]);
  });
}

test("an agent has its own default port", () => {
  assert.is(parseEndpoint("http://node-001", "agent", "x").port, 9445);
});

const BAD: readonly (readonly [text: string, why: RegExp])[] = [
  ["", /names no host/],
  ["http://", /names no host/],
  ["ftp://j:1", /does not speak ftp:\/\//],
  ["unix:///run/x", /does not speak unix/],
  ["http://user:secret@j:1", /credentials/],
  ["user:secret@j:1", /credentials/],
  ["http://j:1/path", /no path/],
  ["http://j:1?x=1", /no path/],
  ["http://j:1#x", /no path/],
  ["http://j:0", /port/],
  ["http://j:65536", /port/],
  ["http://j:", /port/],
  ["http://j:1x", /malformed/],
  ["http://::1:9443", /brackets/],
  ["http://[::1:9443", /malformed/],
  ["http://[::zz]:1", /malformed/],
  ["http://j k:1", /malformed/],
  ["http://j\u001b[31m:1", /malformed/],
  ["http://1.2.3.256:1", /malformed/],
];
for (const [text, why] of BAD) {
  test(`${JSON.stringify(text)} is refused, and says where it came from`, () => {
    try {
      parseEndpoint(text, "journal", "PACT_ENDPOINT");
    } catch (thrown) {
      assert.instance(thrown, PactError);
      if (!(thrown instanceof PactError)) return;
      assert.is(thrown.failure, "usage");
      assert.match(thrown.about.reason ?? "", why);
      assert.match(thrown.about.reason ?? "", /PACT_ENDPOINT/);
      assert.not.match(`${thrown.message} ${thrown.about.reason}`, /secret/);
      assert.not.match(thrown.message, /\u001b/);
      return;
    }
    assert.unreachable("it should have been refused");
  });
}

test.run();
