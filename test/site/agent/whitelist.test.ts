// The table of commands: what each lets through, and at least one escape from each that it does not.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ruleOf, WHITELIST } from "../../../src/site/agent/whitelist.ts";
import { sensitiveArgument } from "../../../src/site/agent/sensitive.ts";

const scope = { view: "", forbidden: [] };

/** What becomes of a command line: "read", "change", or "refuse" by its rule or its paths. */
function fate(line: string, terminal = false): string {
  const [command = "", ...args] = line.split(" ").filter((word) => word !== "");
  const rule = ruleOf(command);
  if (rule === undefined) return "not whitelisted";
  const { kind } = rule.judge(args, { terminal });
  if (kind === "refuse") return "refuse";
  return sensitiveArgument(command, args, scope) === undefined ? kind : "refuse";
}

const NAMES = `cat df diff dmesg echo ethtool file free grep head hostname htop ip journalctl ls lsblk lscpu lsmod lspci md5sum modprobe mount nvidia-smi
  ping ps rocm-smi sha256sum ss stat sysctl systemctl tail top traceroute umount uname uptime wc`.split(/\s+/);

test("the list has the 38 documented names, sorted, and six of them change things", () => {
  assert.equal(Object.keys(WHITELIST), NAMES);
  assert.is(NAMES.length, 38);
  assert.equal(Object.entries(WHITELIST).filter(([, rule]) => rule.changes).map(([name]) => name), ["ip", "modprobe", "mount", "sysctl", "systemctl", "umount"]);
});

const READS = [
  "cat /etc/hosts", "df -h", "diff -u /etc/a /etc/b", "dmesg -T --level err", "echo hello --file", "ethtool eth0", "ethtool -S eth0", "file /etc/hosts", "free -m",
  "grep -n root /etc/passwd", "grep -r root /etc/security", "grep -F -e x /etc/hosts", "head -n 3 /etc/hosts", "hostname", "hostname -f", "htop --version", "ip addr", "ip -br a", "ip -4 -o addr show dev lo",
  "ip r", "ip -s link show", "journalctl -u sshd -n 50 --no-pager", "journalctl -f", "ls -la /etc", "lsblk -J", "lscpu", "lsmod", "lspci -vv", "md5sum /etc/hosts", "modprobe -n nfs",
  "mount", "mount -t nfs", "nvidia-smi", "nvidia-smi --query-gpu=name --format=csv", "nvidia-smi topo -m", "ping host", "ping -c 3 host", "ps aux", "ps -ef", "ps -eo pid,etime", "ps axo etime,pid", "ps -C node", "ps -u root", "ps -eLf", "ps -p 1 -o etime", "ps -fp 1", "ps --sort etime", "ps -o user,time", "ps aux --sort -etime", "top -b -n 1 -u root",
  "rocm-smi --showtemp", "sha256sum -c /etc/sums", "ss -tlnp", "stat /etc/hosts", "sysctl -a", "sysctl vm.swappiness", "sysctl -n net/core/somaxconn", "systemctl", "systemctl status sshd", "systemctl list-units --type service",
  "systemctl show -p ActiveState sshd", "systemctl is-active sshd", "tail -f /var/log/x", "top", "top -b -n 3", "traceroute host", "uname -a", "uptime", "wc -l /etc/hosts",
];
const CHANGES = [
  "ip link set eth0 up", "ip addr add 10.0.0.1/24 dev eth0", "ip route del default", "modprobe nfs", "modprobe -r nfs", "mount -t tmpfs -o size=1m none /opt", "mount -t nfs -o ro,vers=4 server:/x /opt/x",
  "sysctl -w vm.swappiness=1", "sysctl vm.swappiness=1", "systemctl restart sshd", "systemctl --now enable sshd", "umount /opt", "ethtool -s eth0 speed 100", "nvidia-smi -pm 1", "rocm-smi --setfan 10",
];
const ESCAPES = [
  "cat /etc/shadow", "df /root", "diff --from-file=/etc/a b", "diff -l a b", "diff -N /etc /tmp", "dmesg -C", "dmesg -cT", "dmesg --cl", "dmesg -n 1", "dmesg -D", "dmesg -E", "dmesg -F /dev/sda",
  "echo /etc/shadow", "ethtool -f eth0 x", "ethtool -E eth0 offset 1", "ethtool --flash eth0 x", "ethtool -p eth0", "ethtool -t eth0", "file -C -m x", "file -f list", "file -m magic x", "file -z x", "file --compile", "free /root/x",
  "grep -f /etc/list x", "grep -rf list .", "grep --fil=list x", "grep -r root", "grep -ri root /etc", "grep --rec root /", "grep -d recurse root /etc", "grep -R x /proc",
  "head -c5 /etc/gshadow", "hostname evil", "hostname -F /etc/x", "hostname --file=/etc/x", "hostname -b", "htop", "ip netns exec x bash", "ip -b file", "ip -batch file", "ip -n x link", "ip -netns x addr", "ip link set eth0 netns 1",
  "ip link set eth0 xdp obj x", "ip vrf exec x bash", "ip xfrm state", "ip addr save", "ip route restore", "ip tuntap add x", "ip monitor file x", "ip -force -batch -",
  "journalctl --vacuum-size=1", "journalctl --vac=1", "journalctl --rotate", "journalctl --flush", "journalctl -D /x", "journalctl --file=/x", "journalctl --root=/x", "journalctl -M x", "journalctl --update-catalog", "journalctl --cursor-file=/etc/x",
  "ls /root", "lsblk --sysroot /x", "lscpu -s /x", "lsmod /etc/shadow", "lspci -H1", "lspci -F x", "lspci -A intel-conf1", "md5sum /root/.ssh/id", "modprobe -C /etc/evil x", "modprobe -d /tmp x", "modprobe -f x", "modprobe ../x", "modprobe x install=/bin/sh;id",
  "mount --bind / /opt", "mount -o bind / /opt", "mount -o remount,rw /usr", "mount -o remount,rw -t tmpfs x /opt", "mount -a", "mount -t devtmpfs x /opt", "mount -t proc x /opt", "mount /dev/sda /opt", "mount -t tmpfs x /proc/sys", "mount -t tmpfs x /usr",
  "mount -t tmpfs x /opt/../usr", "mount -t tmpfs -o size=1m -o suid x /opt", "mount -t tmpfs -t proc -o ro x /opt", "mount --move /a /b", "mount -N 1 x /opt", "mount -t tmpfs x /run/pact/bin", "mount -t tmpfs x opt",
  "nvidia-smi -f /etc/x", "nvidia-smi --filename=/etc/x", "ping -f host", "ping -c 1000000 host", "ping -i 0.001 host", "ping -b 255.255.255.255", "ping -c x host", "ps e", "ps auxe", "ps axeww", "ps -auxeww", "ps -axe", "ps -N eww", "ps -ostat eww", "ps -oargs eww", "ps -u auxe", "ps -uxe", "ps -C xe -r", "ps -o environ", "ps -eo pid,environ", "ps --format environ", "ps p 1 e", "rocm-smi --save /etc/x", "rocm-smi --load x",
  "sha256sum /etc/shadow-", "ss -K dst 1.2.3.4", "ss -tK", "ss --kill", "ss -D /etc/x", "ss -F x", "ss -N x", "stat /root/x", "sysctl -p /etc/evil", "sysctl --load=/x", "sysctl --system", "sysctl ../../etc/x", "sysctl -w a/../../x=1",
  "systemctl poweroff", "systemctl reboot", "systemctl kexec", "systemctl edit x", "systemctl -H root@x status", "systemctl --host=x status", "systemctl -M x status", "systemctl set-environment A=b", "systemctl isolate rescue", "systemctl link /x", "systemctl --root=/x enable y", "systemctl switch-root /x",
  "tail -n1 /etc/shadow", "top -n 99999999", "traceroute -g 1.2.3.4 host", "traceroute -M tcp host", "umount /proc/sys", "umount /usr", "umount -a", "umount /", "umount tmpfs", "umount -R /opt", "umount /opt/../usr", "uname /etc/shadow", "uptime /root/x", "wc --files0-from=list", "wc --files0-f=list",
];

for (const line of READS) test(`read-only: ${line}`, () => assert.is(fate(line), "read"));
for (const line of CHANGES) test(`state-changing: ${line}`, () => assert.is(fate(line), "change"));
for (const line of ESCAPES) test(`refused: ${line}`, () => assert.is(fate(line), "refuse"));

test("ps never gets a -e that it could read in the BSD style", () => {
  const told = (line: string): unknown => {
    const verdict = ruleOf("ps")?.judge(line.split(" "), { terminal: false });
    return verdict?.kind === "read" ? verdict.args : verdict?.kind;
  };
  assert.equal(told("-ef"), ["-Af"]);
  assert.equal(told("-e -u ww"), ["-A", "-u", "ww"]);
  assert.equal(told("-eo pid,etime"), ["-Ao", "pid,etime"]);
  assert.equal(told("-ofe,time"), ["-ofe,time"]);
});

test("every command has at least one escape in the table above", () => {
  const tried = new Set(ESCAPES.map((line) => line.split(" ")[0]));
  assert.equal(NAMES.filter((name) => !tried.has(name)), []);
});

test("what could run for ever is bounded, and full-screen programs need a terminal", () => {
  const bounded = (line: string): string => {
    const [command = "", ...args] = line.split(" ");
    const verdict = ruleOf(command)?.judge(args, { terminal: false });
    return verdict !== undefined && verdict.kind !== "refuse" ? (verdict.args ?? args).join(" ") : "refused";
  };
  assert.is(bounded("top -o"), "-b -n 1 -o");
  assert.is(bounded("top -b -n 3"), "-b -n 3");
  assert.is(bounded("ping host"), "-c 4 host");
  assert.is(fate("htop", true), "read");
  assert.is(fate("top", true), "read");
});

test("names are taken literally", () => {
  for (const name of ["/bin/cat", "Cat", "cat ", "constructor", "toString", "__proto__", "vim", "less", "find", "xargs", "awk"]) assert.is(ruleOf(name), undefined, name);
});

test.run();
