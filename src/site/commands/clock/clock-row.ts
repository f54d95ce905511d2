// The site's time as a record.
import type { View } from "pact/api";

export interface ClockRow {
  readonly now: string;
  readonly rate: number;
  readonly test: boolean;
}

export const clockView: View<ClockRow> = {
  columns: [
    { key: "now", title: "Now" },
    { key: "rate", title: "Rate", as: "count" },
    { key: "test", title: "Movable", show: (row) => (row.test ? "yes" : "no: started without --test-clock") },
  ],
  empty: "no clock",
};

/** The fields of the site's answer, whatever else it holds. */
export const clockRow = (answer: Readonly<Record<string, unknown>>): ClockRow => ({
  now: String(answer["now"]),
  rate: Number(answer["rate"]),
  test: answer["test"] === true,
});
