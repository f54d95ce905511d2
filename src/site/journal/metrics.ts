// What the journal counts, and the Prometheus text of it: seven gauges with the names of a stock journal.

export class Counters {
  bootStreams = 0;
  overlayBuilds = 0;
}

interface Facts {
  readonly entries: number;
  readonly records: number;
  readonly counters: Counters;
}

/** The body of /metrics, text format 0.0.4. One process is its own leader, in term 1, with nothing to replicate. */
export function metricsText({ entries, records, counters }: Facts): string {
  const gauges: readonly [name: string, help: string, value: number][] = [
    ["pact_journal_entries_total", "Configuration entries in the journal.", entries],
    ["pact_journal_boot_streams_active", "Streams of boot configuration and updates that are open.", counters.bootStreams],
    ["pact_journal_overlay_builds_total", "Overlays built since the start.", counters.overlayBuilds],
    ["pact_raft_leader", "Id of the leading journal node, -1 when there is none.", 1],
    ["pact_raft_term", "Current term.", 1],
    ["pact_raft_log_entries", "Index of the last record that was applied.", Math.max(0, records - 1)],
    ["pact_raft_replication_lag", "Records a follower is behind.", 0],
  ];
  return gauges.map(([name, help, value]) => `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}\n`).join("");
}
